/** Starts the app, and the panel beside it. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { AuthProvider } from 'evertoken/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { auth, takeCallback } from './auth.ts';

if (import.meta.env.DEV) {
  const { mountDevtools } = await import('evertoken/devtools');
  mountDevtools({ managers: { playground: auth }, open: true });
}

const failure = await takeCallback();

// The list is asked for again every five seconds anyway.
const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
// Nobody sees what was somebody else's.
auth.on('signed-out', () => queries.clear());

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <AuthProvider auth={auth}>
        <App failure={failure} />
      </AuthProvider>
    </QueryClientProvider>
  </StrictMode>,
);

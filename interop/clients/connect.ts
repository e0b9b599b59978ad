/** connect-web, with a service that is described here instead of generated. */
import { create, toBinary } from '@bufbuild/protobuf';
import { fileDesc, type GenService, serviceDesc } from '@bufbuild/protobuf/codegenv2';
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  type StringValueSchema,
} from '@bufbuild/protobuf/wkt';
import { createClient, createConnectRouter, type Transport } from '@connectrpc/connect';
import { createFetchHandler } from '@connectrpc/connect/protocol';
import * as connectWeb from '@connectrpc/connect-web';
import { client, thirds } from '../support/client.ts';

const [inputType, outputType] = ['.google.protobuf.StringValue', '.google.protobuf.StringValue'];
const proto = create(FileDescriptorProtoSchema, {
  name: 'echo.proto',
  package: 'shop.v1',
  syntax: 'proto3',
  dependency: ['google/protobuf/wrappers.proto'],
  service: [
    {
      name: 'EchoService',
      method: [
        { name: 'Echo', inputType, outputType },
        { name: 'Parts', inputType, outputType, serverStreaming: true },
      ],
    },
  ],
});
const file = fileDesc(Buffer.from(toBinary(FileDescriptorProtoSchema, proto)).toString('base64'), [
  file_google_protobuf_wrappers,
]);

type Method<Kind extends string> = {
  methodKind: Kind;
  input: typeof StringValueSchema;
  output: typeof StringValueSchema;
};

const EchoService = serviceDesc(file, 0) as GenService<{
  echo: Method<'unary'> & { methodKind: 'unary' };
  parts: Method<'server_streaming'> & { methodKind: 'server_streaming' };
}>;

const router = createConnectRouter().service(EchoService, {
  echo: ({ value }) => ({ value }),
  async *parts({ value }) {
    for (const part of thirds(value)) yield { value: part };
  },
});
const handlers = new Map(
  router.handlers.map((handler) => [handler.requestPath, createFetchHandler(handler)]),
);

export const connect = client<{ transport: Transport }>({
  heading: 'connect-web',
  modules: { '@connectrpc/connect-web': connectWeb },
  serve: (request) =>
    handlers.get(new URL(request.url).pathname)?.(request) ?? new Response(null, { status: 404 }),
  use({ transport }) {
    const api = createClient(EchoService, transport);
    return {
      mixed: [
        async (value) => (await api.echo({ value })).value,
        async (value) => {
          let read = '';
          for await (const part of api.parts({ value })) read += part.value;
          return read;
        },
      ],
      cancelled: (value, signal) => api.echo({ value }, { signal }),
    };
  },
});

/** What may be expected of each session: whether somebody may have ended it, or an accident. */
import type { Family } from './server.ts';

/** A session as its users see it. */
export interface Story {
  readonly family: Family;
  /** The context that signs in. */
  readonly by: string;
  /** The session that this context knew then. */
  readonly known: Story | undefined;
  /** When its sign-in began, and when it was done. */
  readonly began: number;
  done?: number;
  /** A user may have signed out of it. */
  isLeft?: boolean;
  /** And was told so; the context in which. */
  signedOutBy?: string;
  /** The store has it, or had it. */
  isStored?: boolean;
  /** Its tokens could not be stored, and those in the store may be of somebody else. */
  isSpoilt?: boolean;
}

export function createStories() {
  const stories: Story[] = [];
  let moments = 0;
  /** Whose tokens the store was given last. */
  let kept: Story | undefined;
  /** Under way, of whichever session they find. */
  let blindSignOuts = 0;

  /** Nobody signed out of it, nobody else signed in, and no accident made it unavoidable. */
  const mustLive = (story: Story): boolean => {
    const { family, began, isLeft, isSpoilt } = story;
    if (family.isDead || family.isExcused || isLeft || isSpoilt) return false;
    return stories.every((other) => other === story || (other.done ?? moments) < began);
  };

  /** Whether whoever signed in meant to replace what the store holds: of two sign-ins at once either may be written last. */
  function meantKept({ known }: Story): boolean {
    let one = known;
    while (one && one !== kept) one = one.known;
    return one === kept;
  }

  return {
    begin(family: Family, by: string, known: Story | undefined): Story {
      const story: Story = { family, by, known, began: ++moments, isLeft: blindSignOuts > 0 };
      stories.push(story);
      return story;
    },
    signedIn(story: Story) {
      story.done = ++moments;
      // Who could not store it, and did not know whom it replaced, gives way to others; nor did who replaced one like that.
      const before = stories[stories.indexOf(story) - 1];
      const isMeant = before === story.known && !before?.isSpoilt && meantKept(story);
      if (!story.isStored && !isMeant) story.isSpoilt = true;
    },
    /** A sign-out of that session, or of whichever is there. */
    signOut(story: Story | undefined) {
      for (const one of story ? [story] : stories) one.isLeft = true;
      if (!story) blindSignOuts++;
    },
    signedOut(story: Story | undefined, by: string) {
      if (story) story.signedOutBy = by;
      else blindSignOuts--;
    },
    /** The store has lost something: perhaps that they were over, or which of those that are held is the newest. */
    forget(held: readonly (Story | undefined)[]) {
      for (const story of stories) {
        delete story.signedOutBy;
        if (!held.every((one) => one === story)) story.isSpoilt = true;
      }
    },
    /** A context that ends may have been the only one that knew. */
    spoilAll() {
      for (const story of stories) story.isSpoilt = true;
    },
    /** What a context that ends has not stored goes with it. */
    abandon(by: string) {
      for (const story of stories) {
        if (story.by !== by || story.isStored) continue;
        // Whoever signs out elsewhere may end it unseen.
        if (!story.done) story.isLeft = true;
        story.isSpoilt = true;
      }
    },
    of: (family: Family | undefined) => stories.find((story) => story.family === family),
    store(text: string) {
      for (const story of stories) {
        if (!text.includes(`secret-${story.family.id}-`)) continue;
        story.isStored = true;
        kept = story;
      }
    },
    mustLive,
    /** The session that all must have in the end, if that can be said. */
    expected: () => stories.find((story) => story.done && mustLive(story)),
  };
}

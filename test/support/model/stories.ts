/** What may be expected of each session: whether somebody may have ended it, or an accident. */
import type { Family } from './server.ts';

/** A session as its users see it. */
export interface Story {
  readonly family: Family;
  /** The context that signs in. */
  readonly by: string;
  /** When its sign-in began, and when it was done. */
  readonly began: number;
  done?: number;
  /** A user may have signed out of it. */
  isLeft?: boolean;
  /** And was told so. */
  isSignedOut?: boolean;
  /** Some of its tokens could not be stored. */
  isSpoilt?: boolean;
}

export function createStories() {
  const stories: Story[] = [];
  let moments = 0;
  /** Under way, of whichever session they find. */
  let blindSignOuts = 0;

  /** Nobody signed out of it, nobody else signed in, and no accident made it unavoidable. */
  const mustLive = (story: Story): boolean => {
    const { family, began, isLeft, isSpoilt } = story;
    if (family.isDead || family.isExcused || isLeft || isSpoilt) return false;
    return stories.every((other) => other === story || (other.done ?? moments) < began);
  };

  return {
    begin(family: Family, by: string): Story {
      const story = { family, by, began: ++moments, isLeft: blindSignOuts > 0 };
      stories.push(story);
      return story;
    },
    signedIn(story: Story) {
      story.done = ++moments;
    },
    /** A sign-out of that session, or of whichever is there. */
    signOut(story: Story | undefined) {
      for (const one of story ? [story] : stories) one.isLeft = true;
      if (!story) blindSignOuts++;
    },
    signedOut(story: Story | undefined) {
      if (story) story.isSignedOut = true;
      else blindSignOuts--;
    },
    /** A sign-in that nobody will finish: whoever signs out elsewhere may end it unseen. */
    abandon(by: string) {
      for (const story of stories) story.isLeft ||= story.by === by && !story.done;
    },
    of: (family: Family | undefined) => stories.find((story) => story.family === family),
    /** What was to be stored could not be. */
    spoil(text: string | null) {
      for (const story of stories) if (text?.includes(`secret-${story.family.id}-`)) story.isSpoilt = true;
    },
    mustLive,
    /** The session that all must have in the end, if that can be said. */
    expected: () => stories.find((story) => story.done && mustLive(story)),
  };
}

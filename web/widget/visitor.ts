import { tabLock } from '../sdk/browser.ts';
import { Session, type Vouched } from '../sdk/session.ts';
import type { User } from '../sdk/types.ts';
import { store } from './kept.ts';
import { wish } from './words.ts';

type Ways = {
  base: string;
  /** Takes up the talk of somebody who signed in on an earlier visit or in another tab. */
  found: () => Promise<void>;
  /** Begins the talk of somebody who has just signed in. `isVouched`: by the site; else as a guest. */
  entered: (isVouched: boolean) => Promise<void>;
  /** Ends the talk of a user who is not the one for whom the site vouches, and who is signed out next. */
  left: (user: User | null) => void;
};

/** Who talks in the widget: a guest, or the user for whom the site vouches. Signs each in and out. */
export class Visitor {
  readonly session: Session;
  readonly #ways: Ways;
  #entering: Promise<void> | undefined;
  #leaving: Promise<void> | undefined;
  /** null: the site vouches for nobody; undefined: it has not said. */
  #identity: Vouched | null | undefined;

  constructor(ways: Ways) {
    const { base } = ways;
    this.#ways = ways;
    this.session = new Session({ base, store, lock: tabLock, keep: 'frame', name: 'parley.widget' });
  }

  /** Takes a user for whom the site vouches; null: nobody any more. Another one is signed out. */
  identify(user: Vouched | null): void {
    this.#identity = user;
    this.#leaveStranger();
  }

  /**
   * Takes up the sign-in of an earlier visit or of another tab, or else makes one. One at a time in all tabs: two first messages
   * are of one visitor. @throws Refused, Unreachable
   */
  signIn(): Promise<void> {
    this.#entering ??= tabLock('parley.widget.enter', async () => {
      await this.takeUp();
      while (!this.#isIn) {
        const user = this.#identity;
        await this.#enter(user);
        // The page may have named another one meanwhile.
        this.#leaveStranger();
        await this.#leaving;
        if (this.#isIn) await this.#ways.entered(Boolean(user));
      }
    }).finally(() => {
      this.#entering = undefined;
    });
    return this.#entering;
  }

  /** Takes up the sign-in of an earlier visit or of another tab, if there is one. @throws Refused, Unreachable */
  async takeUp(): Promise<void> {
    await this.#leaving;
    await this.session.restore();
    this.#leaveStranger();
    await this.#leaving;
    if (this.#isIn) await this.#ways.found();
  }

  #enter(user: Vouched | null | undefined): Promise<void> {
    const { language } = wish;
    const consents = { gdpr_consent: true, data_processing_consent: true } as const;
    if (user) return this.session.widget({ language, ...user, ...consents });
    const { timeZone: timezone } = Intl.DateTimeFormat().resolvedOptions();
    return this.session.guest({ language, timezone, ...consents });
  }

  /** Leaves a user who is not the one for whom the site vouches. Signs out, so that no cookie brings them back. */
  #leaveStranger(): void {
    const { user } = this.session;
    if (this.#identity === undefined || !this.#isIn) return;
    // A server of the release before does not say which vouched user it is: such a one is left.
    const who = user?.role === 'guest' ? null : user?.external_id;
    if (who === (this.#identity?.external_id ?? null)) return;
    this.#ways.left(user);
    this.#leaving = this.session.logout();
    this.session.ended();
  }

  get #isIn(): boolean {
    return this.session.state === 'in';
  }
}

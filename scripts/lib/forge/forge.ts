import type { Ask } from "./http.ts";
import type { Repository } from "./repository.ts";
import type { Token } from "./tokens.ts";

/** What a pull request is to a forge. */
export interface Pull {
  readonly title: string;
  /** Its description in Markdown. */
  readonly body: string;
  readonly branch: string;
  /** The branch that it is to be merged into. */
  readonly base: string;
  /** The repository that has the branch. */
  readonly from: Repository;
  /** The repository that has the base: another one where `from` is a fork of it. */
  readonly to: Repository;
}

/** A pull request that is open. */
export interface Open {
  readonly id: number;
  readonly page: string;
  /** What an update must send back, as it was. */
  readonly kept?: object;
}

/** What forges do differently. */
export interface Forge {
  /** Most characters of a description. */
  readonly limit: number;
  /** The page on which a person opens a pull request. */
  readonly createPage: (pull: Pull) => string;
  /** An address of its API, on the host that the token goes to. */
  readonly api: (repository: Repository) => string;
  readonly headers: (token: Token) => Readonly<Record<string, string>>;
  /** The pull request that is open between the two branches. */
  readonly find: (pull: Pull, ask: Ask) => Promise<Open | undefined>;
  /** Opens a pull request. @returns its page */
  readonly create: (pull: Pull, ask: Ask) => Promise<string>;
  /** Gives an open pull request its title and description. @returns its page */
  readonly update: (open: Open, pull: Pull, ask: Ask) => Promise<string>;
}

/** Whether a pull request comes from a fork. */
export const isFromFork = ({ from, to }: Pull) => from.page !== to.page;

/** `team` of `team/platform`. */
export const ownerOf = ({ path }: Repository) => path.slice(0, path.lastIndexOf("/"));

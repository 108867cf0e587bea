import type { ZodType } from "zod";
import { cluster } from "../../../generators/model/cluster.ts";
import { environment } from "../../../generators/model/environment.ts";
import { nearMiss } from "../../../generators/model/faults.ts";
import { hostName, name } from "../../../generators/model/scalars.ts";
import { gitServer } from "../../../generators/platform/gitea.ts";
import { UserError } from "../cli.ts";
import { optional, required, type Settings } from "./settings.ts";

export type QuestionName = keyof Settings;

/** Answers by question, as they are typed; several in one are separated by commas. */
export type Answers = Partial<Record<QuestionName, string>>;

/** What the defaults follow from besides the answers. */
export interface Known {
  /** Settings of the platform that is there. */
  readonly settings?: Settings;
  readonly folder: string;
  /** URL of the clone's remote. */
  readonly origin?: string;
}

export interface Question {
  readonly value: string;
  /** For `--help`, and before the answer on a terminal. */
  readonly help: string;
  readonly suggest: (answers: Answers, known: Known) => string;
  /** What is wrong with an answer; none where it is right. */
  readonly check: (text: string, answers: Answers) => string | undefined;
  /** Whether it is asked at all. Default: always. */
  readonly applies?: (answers: Answers) => boolean;
}

const fits =
  (schema: ZodType) =>
  (text: string): string | undefined => {
    const issue = schema.safeParse(text).error?.issues[0];
    return issue && `is ${JSON.stringify(text)}, ${issue.message}`;
  };

/** Checks each of several, and that none stands there twice. */
const each =
  (schema: ZodType) =>
  (text: string): string | undefined => {
    const items = list(text);
    const twice = items.find((item, index) => items.indexOf(item) !== index);
    if (items.length === 0) return "must name at least one";
    return items.map(fits(schema)).find(Boolean) ?? (twice && `names ${twice} twice`);
  };

const among =
  (known: readonly string[]) =>
  (text: string): string | undefined => {
    const other = list(text).find((item) => !known.includes(item));
    return other && `has no ${other}; ${nearMiss(other, known) || `it is some of ${known.join(", ")}, or none`}`;
  };

/** `a, b` as a list; `none` is an empty one. */
export const list = (text = "") =>
  text.trim() === "none"
    ? []
    : text
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean);
const join = (items: readonly string[] = []) => items.join(",") || "none";

const isEmbedded = ({ repository = "" }: Answers) => repository.startsWith(gitServer.url);
const isKind = ({ provider }: Answers) => provider === "kind";
const { repository } = cluster.shape;
const region = /^[a-z]{2}(-[a-z]+)+-\d$/;
/** A URL that means the same to everybody, which a path does not. */
const isRemote = /^((https?|ssh|git):\/\/|[^/]+@[^/]+:)/;
const providers = ["kind", "existing", "eks", "aks"] as const;

/** All questions, in the order in which they are asked: a default may follow from the answers before it. */
export const questions: Readonly<Record<QuestionName, Question>> = {
  name: {
    value: "NAME",
    help: "Name of the platform.",
    suggest: (_, { settings, folder }) => settings?.name ?? (name.safeParse(folder).success ? folder : "platform"),
    check: fits(name),
  },
  provider: {
    value: providers.join("|"),
    help: "How the cluster is made.",
    suggest: (_, { settings }) => settings?.provider ?? "kind",
    check: (text) =>
      providers.some((provider) => provider === text)
        ? undefined
        : `is ${JSON.stringify(text)}, must be one of ${providers.join(", ")}`,
  },
  region: {
    value: "REGION",
    help: "AWS region of the EKS cluster.",
    suggest: (_, { settings }) => settings?.region ?? "eu-central-1",
    check: (text) =>
      region.test(text) ? undefined : `is ${JSON.stringify(text)}, must be an AWS region such as eu-central-1`,
    applies: ({ provider }) => provider === "eks",
  },
  cluster: {
    value: "NAME",
    help: "Name of the cluster.",
    suggest: (answers, { settings }) => settings?.cluster ?? (isKind(answers) ? "local" : (answers.name ?? "")),
    check: fits(name),
  },
  repository: {
    value: "URL",
    help: "The repository that Argo CD follows.",
    suggest: (answers, { settings }) => {
      const own = `${gitServer.url}${gitServer.administrator}/platform.git`;
      const before = settings?.repository;
      // The Git server on a Kind cluster follows from the choice of Kind.
      if (before && (isKind(answers) || !before.startsWith(gitServer.url))) return before;
      return isKind(answers) ? own : "";
    },
    check: (text) => (text ? fits(repository.shape.url)(text) : "is missing; name the URL of this repository"),
  },
  revision: {
    value: "BRANCH",
    help: "The branch that it follows.",
    suggest: (_, { settings }) => settings?.revision ?? "main",
    check: fits(repository.shape.revision),
  },
  environments: {
    value: "NAMES",
    help: "The environments, in the order of promotion, separated by commas. A person syncs the last one of several.",
    suggest: (_, { settings }) => join(settings?.environments ?? ["dev", "staging", "prod"]),
    check: each(environment.shape.name),
  },
  hosts: {
    value: "HOSTS",
    help: "Host name of each environment, separated by commas.",
    suggest: (answers, { settings }) =>
      list(answers.environments)
        .map((environment) => {
          const before = settings?.hosts[settings.environments.indexOf(environment)];
          return before || `${environment}.${answers.name}.${isKind(answers) ? "localhost" : "example.com"}`;
        })
        .join(","),
    check: (text, { environments }) => {
      const wanted = list(environments);
      if (list(text).length === wanted.length) return each(hostName)(text);
      return `must be ${wanted.length}, one for each of ${wanted.join(", ")}`;
    },
  },
  components: {
    value: "NAMES",
    help: `Components besides Argo CD and Istio: some of ${optional.slice(0, -1).join(", ")}, or none; a Git server where the repository is on it.`,
    suggest: (_, { settings }) => join((settings?.components ?? optional).filter((item) => item !== "gitea")),
    check: (text, answers) =>
      list(text).includes("gitea") && !isEmbedded(answers)
        ? "gitea is the Git server that a Kind cluster follows; leave it out, or leave out --repository"
        : among(optional)(text),
  },
  provided: {
    value: "NAMES",
    help: `What the cluster has already: some of ${[...required, ...optional.slice(0, -1)].join(", ")}, or none.`,
    suggest: ({ provider, components }, { settings }) => {
      const chosen = [...required, ...list(components)];
      const own = provider === "aks" ? ["metricsServer"] : [];
      return join(
        (settings && settings.provider === provider ? settings.provided : own).filter((item) => chosen.includes(item)),
      );
    },
    check: (text, { components }) =>
      among([...required, ...list(components).filter((component) => component !== "gitea")])(text),
    applies: (answers) => !isKind(answers),
  },
  service: {
    value: "NAME",
    help: "A first service, on a public image; none for an empty platform.",
    suggest: (_, { settings }) => settings?.service ?? "none",
    check: fits(name),
  },
  slipway: {
    value: "URL",
    help: "The Git repository that npm run upgrade gets a later slipway from; none where it is not known.",
    suggest: ({ repository }, { settings, origin }) =>
      settings?.slipway ?? (!settings && origin && isRemote.test(origin) && origin !== repository ? origin : "none"),
    check: (text) =>
      /^https?:\/\/[^/@]*@/.test(text) ? "holds a user or password, which must not stand in Git" : undefined,
  },
};

export const questionNames = Object.keys(questions) as QuestionName[];

/** Answers by options and defaults. @throws UserError with everything that is wrong with them */
export function answerAll(given: Answers, known: Known): Answers {
  const answers: Answers = {};
  const faults: string[] = [];
  for (const name of questionNames) {
    const { suggest, check, applies } = questions[name];
    if (applies && !applies(answers)) {
      if (given[name] !== undefined) faults.push(`--${name}: says nothing about a cluster of ${answers.provider}`);
      continue;
    }
    const answer = given[name] ?? suggest(answers, known);
    answers[name] = answer;
    // A default is wrong where the answer is that it follows from.
    const fault = given[name] !== undefined || faults.length === 0 ? check(answer, answers) : undefined;
    if (fault) faults.push(`--${name}: ${fault}`);
  }
  if (faults.length > 0) throw new UserError(faults.join("\n"));
  return answers;
}

/** @param answers to all questions that apply, each of them right */
export function toSettings(answers: Answers): Settings {
  const text = (question: QuestionName) => answers[question] ?? "";
  return {
    name: text("name"),
    provider: text("provider") as Settings["provider"],
    ...(answers.region && { region: answers.region }),
    cluster: text("cluster"),
    repository: text("repository"),
    revision: text("revision"),
    environments: list(answers.environments),
    hosts: list(answers.hosts),
    components: optional.filter((component) =>
      component === "gitea" ? isEmbedded(answers) : list(answers.components).includes(component),
    ),
    provided: list(answers.provided),
    ...(text("service") !== "none" && { service: text("service") }),
    ...(text("slipway") !== "none" && { slipway: text("slipway") }),
  };
}

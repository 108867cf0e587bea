/**
 * What gives a secret away. Names alone err in both directions, so a name counts only with a value that can be a secret;
 * tokens whose form their issuer has fixed count under any name. The forms are the ones that scanners of repositories know.
 */

/** Last words of the names of secrets; what comes behind them makes it something else: TOKEN_URL, PASSWORD_FILE. */
const secretName =
  /(?:PASSWORD|PASSWD|PASSPHRASE|PASSCODE|SECRET|TOKEN|CREDENTIALS?|(?:PRIVATE|API|ACCESS|ACCOUNT|SECRET|SHARED|ENCRYPTION|SIGNING|MASTER|AUTH|HMAC|LICENSE)[-_.]?KEY(?:_BASE)?|(?:^|[-_.])(?:PASS|PWD|PAT|PSK)|^(?:proxy-)?authorization)[-_.]?\d*$/i;

/** A switch, a path in the container, a path in a store of secrets, a URL without a user, a reference or a placeholder. */
const noSecret = [
  /^(?:|true|false|yes|no|on|off|0|1|enabled?|disabled?|none|null|optional|required|always|never|\*+)$/i,
  /^(?:\/[\w.-]+){2,}\/?$/,
  /^[a-z][a-z0-9-]*(?:\/[a-z0-9._-]+)+(?:#\w+)?$/,
  /^[a-z][a-z0-9+.-]*:\/\/[^\s@?]*$/i,
  /^(?:arn|vault|ref\+\w+):/,
  /\$\([^)]+\)|\$\{[^}]+\}|\{\{.+\}\}|^<[^>]*>$|^\$\w+$/,
];

/** A number or a duration is no token and no key, but it may be a password. */
const amount = /^\d{1,10}(?:\.\d+)?(?:ms|[smhd])?$/;
const password = /PASS|PWD/i;

/** Forms that are secrets wherever they stand. */
const forms: readonly (readonly [what: string, form: RegExp])[] = [
  ["a private key", /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|\bAGE-SECRET-KEY-1[0-9A-Z]{50}/],
  ["a password in a URL", /:\/\/[^\s/:@]*:(?!\{\{|<)[^\s/@$]+@/],
  ["a JSON Web Token", /\bey[\w-]{10,}\.ey[\w-]{10,}\.[\w-]{10,}/],
  ["an AWS access key", /\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/],
  ["a Google key", /\bAIza[\w-]{35}|\bGOCSPX-[\w-]{20,}|\bya29\.[\w-]{20,}/],
  ["an Azure key", /\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}|\b[\w~.]{3}\dQ~[\w~.-]{31,34}/],
  ["a GitHub token", /\bgh[oprsu]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22,}/],
  ["a GitLab token", /\bgl(?:cbt|dt|ft|imt|pat|ptt|rt|soat)-[\w-]{20,}/],
  [
    "a Slack token",
    /\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}|hooks\.slack\.com\/(?:services|workflows)\/\w+\/\w+/,
  ],
  ["a Stripe key", /\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,}/],
  ["a token of a registry", /\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[\w-]{50,}|\bdckr_[op]at_[\w-]{20,}/],
  ["a HashiCorp token", /\bhv[brs]\.[\w-]{24,}|\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}/],
  ["an API key of a model", /\bsk-(?:ant|proj|svcacct|or)-[\w-]{20,}|\bsk-[A-Za-z0-9]{40,}|\bhf_[A-Za-z]{34}/],
  [
    "a token of a service",
    /\bSG\.[\w-]{16,}\.[\w-]{20,}|\bATATT3[\w=-]{60,}|\bdop_v1_[a-f0-9]{64}|\bglsa_\w{32,}|\bshp(?:at|ca|pa|ss)_[a-f0-9]{32}/i,
  ],
  ["credentials of a request", /\bauthorization["']?\s*[:=]\s*["']?(?:Basic|Bearer|Token)\s+[\w.~+/=-]{8,}/i],
];

const anyForm = new RegExp(forms.map(([, { source }]) => source).join("|"), "i");

/** `password=hunter2` in an argument, a query, a connection string or a script; `"password": "hunter2"` in JSON. */
const assignments = /(?<![\w.])([A-Za-z_][\w.-]{0,80})(?:=|"\s*:\s*)("[^"]*"|'[^']*'|[^\s;,&"'`]+)/g;

/** Whether a variable, header or flag of this name with this value is a secret that should not stand in Git. */
export function isSecret(name: string, value: string): boolean {
  if (!secretName.test(name)) return false;
  if (amount.test(value) && !password.test(name)) return false;
  return !noSecret.some((form) => form.test(value));
}

/** What a text holds that is a secret in any place: `a private key`, `a value for password`; none where it holds none. */
export function secretIn(text: string): string | undefined {
  if (text.length >= 8 && anyForm.test(text)) {
    const found = forms.find(([, form]) => form.test(text));
    if (found) return found[0];
  }
  for (const [, name = "", value = ""] of text.matchAll(assignments))
    if (isSecret(name, value.replace(/^(["'])(.*)\1$/, "$2"))) return `a value for ${name}`;
  return undefined;
}

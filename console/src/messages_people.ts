// messages_people: the sentences of the pages People and Audit, and of signing in.
export const sign_in = {
  title: "Sign in", by_password: "Name and password", user: "Name", password: "Password", totp: "Code", totp_lead: "Your authenticator app shows six digits. A recovery code serves too.",
  by_code: "By the link of the node", lead: "The node printed a link when it started. Open that link, or paste its code here.",
  label: "Code or link", go: "Sign in", how: "A code works once. The node prints a new one at each start.",
  wrong: "The node does not know this code.", provider: (name: string) => `Sign in with ${name}`, proxy: "Go on as the person your proxy knows",
  refused: "The provider knows you, but you may not come in here. Ask an administrator of this node.", failed: "This link was used already, or is too old.", other: "Other ways",
};

export const people = {
  title: "People", views: { users: "Users", me: "You", sessions: "Sessions", tokens: "Tokens" } as Record<string, string>, views_label: "What of people",
  roles: { viewer: "viewer", analyst: "analyst", "agreement-editor": "agreement editor", administrator: "administrator", auditor: "auditor" } as Record<string, string>,
  role_says: {
    viewer: "sees", analyst: "sees, takes in, judges, alerts", "agreement-editor": "the same, and agreements", administrator: "everything", auditor: "sees, and reads the audit",
  } as Record<string, string>,
  columns: { name: "Name", role: "Role", state: "State", origin: "From", totp: "Second factor", seen: "Signed in", sessions: "Sessions", tokens: "Tokens", acts: "Actions" },
  origin: { local: "this node", oidc: "provider", proxy: "proxy", node: "the node's own link" } as Record<string, string>,
  enabled: "enabled", disabled: "disabled", start: "start password", yes: "yes", no: "no", never: "never",
  add: "Add a user", add_name: "Name of the new user", add_role: "Role of the new user", add_go: "Add", role_of: (name: string) => `Role of ${name}`,
  disable: "Disable", enable: "Enable", reset: "New password", totp_reset: "Reset second factor", sign_out: "Sign out", remove: "Remove",
  of: (what: string, name: string) => `${what}: ${name}`,
  remove_ask: (name: string) => `Remove ${name} with sessions and tokens?`, remove_yes: "Remove", remove_no: "Keep",
  start_password: (name: string) => `The password ${name} begins with, shown this once:`, start_how: "It must be changed at first sign-in.",
  none: "No users yet", none_how: "You came by the node's own link. Add an administrator, so that the link is no longer needed.",
  me: { sub: "who you are here", no_user: "You came by the node's own link or socket", no_user_how: "There is no user behind it, so no password and no second factor. Add a user for yourself.", rights: "Rights", recovery: "Recovery codes left" },
  password: { title: "Password", sub: "at least 12 characters; all your other sessions end", old: "Present password", fresh: "New password", again: "New password again", differ: "The two new passwords differ.", go: "Change it", done: "Changed.", must: "Choose a password of your own", must_how: "The one you signed in with was given to you. Nothing else is open until you change it.", elsewhere: "Your provider keeps your password and second factor." },
  totp: {
    title: "Second factor", sub: "codes of an authenticator app (TOTP)", off: "Off. A stolen password alone signs in as you.", on: "On.", password: "Your password, again", begin: "Set it up", scan: "Scan this with your app, or type the key:", qr: "QR code with the key for your authenticator app",
    code: "The code that the app shows", confirm: "Switch it on", codes: "Recovery codes, shown this once. Each signs in once in place of a code:", kept: "I have kept them", end: "Switch it off",
  },
  sessions: { sub: "browsers that are signed in", mine: "Your sessions", all: "Everybody's", columns: { who: "Who", how: "How", where: "Address", agent: "Browser", since: "Since", used: "Used", end: "End" }, end: "End", this: "this one", none: "No sessions", end_of: (who: string, agent: string) => `End the session of ${who}, ${agent}` },
  tokens: {
    sub: "for programs; each has at most your rights", columns: { name: "Name", owner: "Of", rights: "Rights", created: "Made", expires: "Ends", used: "Used", remove: "Take back" }, none: "No tokens", none_how: "A program signs in with a token: make one, and give it no more rights than it needs.",
    name: "What the token is for", rights: "Rights", expires: "Ends on", make: "Make a token", made: "The token, shown this once:", remove: "Take back", remove_of: (name: string) => `Take back the token ${name}`, never: "never", unused: "never", which: (right: string) => `Right: ${right}`,
  },
};

export const audit = {
  title: "Audit", sub: "who did what, newest first", columns: { at: "When", who: "Who", by: "By", address: "Address", call: "Call", object: "Of", outcome: "Outcome" },
  who: "Who", what: "Call or object", outcome: "Outcome", since: "From", until: "Until, not included", show: "Show", outcomes: { "": "any outcome", done: "done", denied: "denied", refused: "refused", failed: "failed" } as Record<string, string>,
  none: "Nothing was written down", none_how: "No row fits this filter.", more: "Older rows", csv: "CSV", unknown: "not known", verify: "Check the chain",
  good: (rows: string, head: string) => `${rows} rows are as they were written. Head: ${head}`, wrong: (why: string) => `The audit was tampered with: ${why}`, details: "Details", close: "Close", role: "Role", hash: "Hash",
};

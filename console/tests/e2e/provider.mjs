// provider: a provider of OpenID Connect on loopback with a certificate of its own. It knows one person, who is signed in there: its
// page sends the browser straight back to the node at `back_to` with a code.
// Source: OpenID Connect Core 1.0; RFC 7636.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";

const base64url = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

export async function provider(folder, person) {
  const certificate = join(folder, "provider.crt"), key = join(folder, "provider.key"), asked = new Map(); // by code: what the browser brought
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const it = { issuer: "", certificate, back_to: "", close: () => server.close() };
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, async (request, response) => {
    const answer = (status, body) => { response.writeHead(status, { "content-type": "application/json" }); response.end(JSON.stringify(body)); };
    const { pathname, searchParams } = new URL(request.url, it.issuer);
    if (pathname === "/.well-known/openid-configuration") return answer(200, { issuer: it.issuer, authorization_endpoint: `${it.issuer}/auth`, token_endpoint: `${it.issuer}/token` });
    if (pathname === "/auth") {
      const code = `code-${asked.size}`;
      asked.set(code, searchParams);
      return response.writeHead(302, { location: `${it.back_to}/api/v1/signin/oidc/answer?code=${code}&state=${encodeURIComponent(searchParams.get("state"))}` }).end();
    }
    let text = "";
    for await (const piece of request) text += piece;
    const form = new URLSearchParams(text), begun = asked.get(form.get("code"));
    if (pathname !== "/token" || createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url") !== begun?.get("code_challenge")) return answer(400, { error: "invalid_grant" });
    return answer(200, { id_token: `${base64url({ alg: "RS256" })}.${base64url({ ...person, iss: it.issuer, aud: begun.get("client_id"), nonce: begun.get("nonce"), exp: Math.floor(Date.now() / 1000) + 300 })}.${base64url("signature")}` });
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  it.issuer = `https://localhost:${server.address().port}`;
  return it;
}

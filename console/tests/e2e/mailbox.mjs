// mailbox: a mail server on loopback that keeps what it takes: {mails: [{to, text}], port, close}.
import { createServer } from "node:net";

// `refuses(to)` answers with the words of a refusal, or with nothing.
export async function mailbox(refuses = () => undefined) {
  const mails = [];
  const server = createServer((socket) => {
    let rest = "", data, to = "";
    const say = (line) => socket.write(line + "\r\n");
    say("220 localhost");
    socket.on("error", () => {});
    socket.setEncoding("utf8").on("data", (text) => {
      rest += text;
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data) {
          if (line !== ".") { data.push(line); continue; }
          mails.push({ to, text: data.join("\n") });
          data = undefined;
          say("250 taken");
        } else if (/^DATA/i.test(line)) { data = []; say("354 go on"); }
        else if (/^QUIT/i.test(line)) { say("221 bye"); socket.end(); }
        else {
          to = /^RCPT TO:<(.*)>/i.exec(line)?.[1] ?? to;
          const refusal = /^RCPT/i.test(line) ? refuses(to) : undefined;
          say(refusal ? `550 ${refusal}` : "250 fine");
        }
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { mails, port: server.address().port, close: () => server.close() };
}

// The parts of a mail that hold something: {type, name, text}, decoded.
export function parts_of(mail) {
  const end = mail.search(/\r?\n\r?\n/), head = mail.slice(0, end).replace(/\r?\n[ \t]+/g, " "), body = mail.slice(end).replace(/^\r?\n\r?\n/, "");
  const field = (name) => new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1] ?? "", type = field("Content-Type");
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary) return body.split(`--${boundary}`).slice(1, -1).flatMap((part) => parts_of(part.replace(/^\r?\n/, "")));
  const bytes = /base64/i.test(field("Content-Transfer-Encoding")) ? Buffer.from(body, "base64")
    : /quoted-printable/i.test(field("Content-Transfer-Encoding")) ? Buffer.from(body.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1") : Buffer.from(body);
  return [{ type: type.split(";")[0].toLowerCase(), name: /filename="?([^";]+)"?/i.exec(field("Content-Disposition"))?.[1] ?? "", text: bytes.toString() }];
}

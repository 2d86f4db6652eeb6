// Cases: their texts, notes and files.
#include <fmt/format.h>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/mapped_file.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

Count findings_of(Context& context, std::uint64_t id, TimeUs now) {
  auto filter = store::parse_filter(fmt::format("case:{}", id), now);
  return filter ? context.backend.count(*filter) : 0;
}

Result<Object> whole(Context& context, const store::Case& one, TimeUs now) {
  auto notes = TRY(context.backend.cases().notes(one.id));
  auto files = TRY(context.backend.cases().files(one.id));
  Object object = object_of(one);
  object.add("findings", findings_of(context, one.id, now))
      .add("notes", objects_of(notes))
      .add("files", objects_of(files));
  return object;
}

}  // namespace

Answer list_cases(Context& context, const Call& call) {
  auto cases = TRY(context.backend.cases().list(call.params.text("closed") == "yes"));
  std::vector<Object> items;
  for (const auto& one : cases) {
    items.push_back(object_of(one));
    items.back().add("findings", findings_of(context, one.id, call.now));
  }
  return http::json(list_of(items, "", items.size()).text());
}

Answer start_case(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "title|text"));
  std::string title = TRY(body.text("title")), text = TRY(body.text("text"));
  auto one = TRY(context.backend.cases().start(title, text, call.caller.user));
  return http::json(TRY(whole(context, one, call.now)).text(), 201);
}

Answer show_case(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "case"));
  auto one = TRY(context.backend.cases().one(id));
  return http::json(TRY(whole(context, one, call.now)).text());
}

Answer change_case(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "case"));
  auto body = TRY(JsonBody::read(call.request, "title|text|closed|version"));
  store::Cases::Wish wish;
  if (body.has("title")) wish.title = TRY(body.text("title"));
  if (body.has("text")) wish.text = TRY(body.text("text"));
  if (body.has("closed")) wish.closed = TRY(body.flag("closed"));
  if (body.has("version")) {
    wish.version = static_cast<std::uint32_t>(TRY(body.number("version")));
  }
  auto changed = TRY(context.backend.cases().change(id, wish, call.caller.user));
  if (changed.conflict) {
    std::string detail = fmt::format("{} changed it at {}", text::quote(changed.now.changed_by),
                                     times::format(changed.now.changed_at));
    return conflict(detail, object_of(changed.now), {});
  }
  return http::json(TRY(whole(context, changed.now, call.now)).text());
}

Answer add_case_note(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "case"));
  auto body = TRY(JsonBody::read(call.request, "text"));
  std::string text = TRY(body.text("text"));
  auto note = TRY(context.backend.cases().note(id, text, call.caller.user));
  return http::json(object_of(note).text(), 201);
}

Answer attach_case_file(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "case"));
  std::string_view bytes = call.request.body;
  std::optional<MappedFile> spooled;
  if (!call.request.body_path.empty()) {
    spooled.emplace(TRY(MappedFile::open(call.request.body_path)));
    bytes = spooled->bytes();
  }
  auto file =
      TRY(context.backend.cases().attach(id, call.params.text("name"), bytes, call.caller.user));
  return http::json(object_of(file).text(), 201);
}

// As something to keep, never to look at: whatever its bytes are, no browser shows or runs them.
Answer download_case_file(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "case"));
  auto [file, path] = TRY(context.backend.cases().file(id, call.path.at("file")));
  auto mapped = TRY(MappedFile::open(path));
  http::Response response;
  response.headers = {{"Content-Type", "application/octet-stream"},
                      {"Content-Disposition", "attachment; filename=\"file\"; filename*=UTF-8''" +
                                                  http::percent_encode(file.name)},
                      {"Content-Security-Policy", "default-src 'none'; sandbox"},
                      {"Cache-Control", "no-store"}};
  response.body = std::string(mapped.bytes());
  response.compress = false;
  return response;
}

Answer detach_case_file(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "case"));
  TRY(context.backend.cases().detach(id, call.path.at("file"), call.caller.user));
  return http::Response{.status = 204};
}

}  // namespace tocsin::api

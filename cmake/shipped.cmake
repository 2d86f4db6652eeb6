# tocsin_shipped(TARGET FOLDER HEADER FUNCTION): the text of each FOLDER/*.toml inside the binary, by the file's name, as
# FUNCTION(), which HEADER declares.
function(tocsin_shipped target folder header function)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.toml)
  list(SORT files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    string(APPEND entries "      {\"${name}\", R\"tocsin(${text})tocsin\"},\n")
  endforeach()
  get_filename_component(room ${header} DIRECTORY)
  set(out ${CMAKE_BINARY_DIR}/${room}/${function}.cpp)
  file(WRITE ${out}.new
"#include \"${header}\"
namespace tocsin::${room} {
std::span<const Entry<std::string_view>> ${function}() {
  static const std::vector<Entry<std::string_view>> table = {
${entries}  };
  return table;
}
}  // namespace tocsin::${room}
")
  execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different ${out}.new ${out})
  target_sources(${target} PRIVATE ${out})
endfunction()

# tocsin_mappings(TARGET): the text of each mappings/*.toml inside the binary; the file's name is the mapping's name.
function(tocsin_mappings target)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/mappings/*.toml)
  list(SORT files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    string(APPEND entries "      {\"${name}\", R\"tocsin(${text})tocsin\"},\n")
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/ingest/shipped_mappings.cpp)
  file(WRITE ${out}.new
"#include \"ingest/mappings.h\"
namespace tocsin::ingest {
std::span<const Entry<std::string_view>> shipped_mappings() {
  static const std::vector<Entry<std::string_view>> table = {
${entries}  };
  return table;
}
}  // namespace tocsin::ingest
")
  execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different ${out}.new ${out})
  target_sources(${target} PRIVATE ${out})
endfunction()

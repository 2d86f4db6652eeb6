# tocsin_table(TARGET FOLDER TYPE HEADER): one entry for each .cpp in src/FOLDER; the file's name is the entry's name.
function(tocsin_table target folder type header)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cpp)
  list(SORT files)
  get_filename_component(plural ${folder} NAME)
  get_filename_component(stage ${folder} DIRECTORY)
  set(declared "")
  set(entries "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    if(name MATCHES "_test$")
      continue()
    endif()
    string(APPEND declared "${type} ${name}();\n")
    string(APPEND entries "      {\"${name}\", ${name}()},\n")
    target_sources(${target} PRIVATE ${file})
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/${folder}_table.cpp)
  file(CONFIGURE OUTPUT ${out} CONTENT
"#include \"${stage}/${header}\"
namespace tocsin::${stage} {
${declared}
std::span<const Entry<${type}>> ${plural}() {
  static const std::vector<Entry<${type}>> table = {
${entries}  };
  return table;
}
}  // namespace tocsin::${stage}
" @ONLY)
  target_sources(${target} PRIVATE ${out})
endfunction()

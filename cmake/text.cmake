# tocsin_text(TARGET NAME FILE): puts FILE into TARGET as the bytes tocsin_text_NAME up to tocsin_text_NAME_end.
enable_language(ASM)
function(tocsin_text target name file)
  set(out ${CMAKE_BINARY_DIR}/texts/${name}.S)
  file(CONFIGURE OUTPUT ${out} CONTENT
"  .section .rodata
  .globl tocsin_text_${name}
  .globl tocsin_text_${name}_end
tocsin_text_${name}:
  .incbin \"${file}\"
tocsin_text_${name}_end:
  .byte 0
  .section .note.GNU-stack,\"\",%progbits
" @ONLY)
  target_sources(${target} PRIVATE ${out})
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS ${file})
endfunction()

# The .deb (cpack --preset release, or cpack in build/release): the binary, its private libduckdb.so, data and unit.
# Its Depends are read off the binary by dpkg-shlibdeps; installing it needs no network tool, npm or compiler.
install(TARGETS tocsin RUNTIME DESTINATION bin)
install(FILES ${duckdb_library} DESTINATION lib/tocsin PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(FILES packaging/tocsin.toml DESTINATION /etc/tocsin)
install(FILES packaging/tocsin.service DESTINATION lib/systemd/system)
install(FILES packaging/tocsin.sysusers DESTINATION lib/sysusers.d RENAME tocsin.conf)
install(FILES packaging/tocsin.tmpfiles DESTINATION lib/tmpfiles.d RENAME tocsin.conf)
install(FILES packaging/copyright README.md CHANGELOG.md DESTINATION share/doc/tocsin)
install(DIRECTORY docs/ DESTINATION share/doc/tocsin FILES_MATCHING PATTERN "*.md" PATTERN screens EXCLUDE)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)  # /etc lies outside the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "Tocsin <tocsin@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "open early-warning network for cyber security: one node")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Takes in the reports and feeds that CERTs receive, keeps who is affected since
when and how many, and shows it in a web console. One binary, one process, one
configuration file, one data folder.")
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, libloc-database, publicsuffix, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gpg, gpg-agent")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${TOCSIN_DUCKDB_DIR})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/conffiles ${CMAKE_SOURCE_DIR}/packaging/postinst
  ${CMAKE_SOURCE_DIR}/packaging/prerm ${CMAKE_SOURCE_DIR}/packaging/postrm)
include(CPack)

# The packaged configuration is what the program itself would write.
add_test(NAME packaged_config COMMAND sh -c
  "rm -f packaged.toml && $<TARGET_FILE:tocsin> config init packaged.toml && diff packaged.toml ${CMAKE_SOURCE_DIR}/packaging/tocsin.toml")

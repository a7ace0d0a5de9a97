# What `cmake --install` copies: programs, libseqc, headers, the Python package, and the packages
# that find_package(seqc) and pkg-config read.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(SEQC_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/seqc)
set(SEQC_PYTHON_DIR ${CMAKE_INSTALL_LIBDIR}/python)

install(TARGETS seqc seqc-run seqc-shared
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
set_target_properties(seqc-run PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/seqc-c DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
# The package looks for libseqc two folders up, in lib/.
install(DIRECTORY ${PROJECT_BINARY_DIR}/python/seqc
  DESTINATION ${SEQC_PYTHON_DIR} FILES_MATCHING PATTERN "*.py")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/SeqcConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/seqcConfig.cmake INSTALL_DESTINATION ${SEQC_CONFIG_DIR}
  PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/seqcConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/seqcConfig.cmake
  ${PROJECT_BINARY_DIR}/cmake/seqcConfigVersion.cmake DESTINATION ${SEQC_CONFIG_DIR})
configure_file(${PROJECT_SOURCE_DIR}/cmake/seqc.pc.in ${PROJECT_BINARY_DIR}/cmake/seqc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/seqc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# What `cmake --install` puts where, under the directories of GNUInstallDirs. Packages choose among the components:
#   exporter, simulator   the programs; the simulator with its scenarios
#   man, completion       manual pages; completion for bash and zsh
#   systemd               the service, the socket and the service's flags
#   configuration         the configuration that the exporter reads when it is told of no other
#   examples              configurations and Prometheus's and Alertmanager's own files
#   rules, dashboards     for Prometheus and Grafana
#   schema                of the configuration
#   doc                   licence and changelog
include(GNUInstallDirs)
set(TELNYX_EXPORTER_SYSTEMD_UNIT_DIR lib/systemd/system CACHE STRING "Where units are installed")
set(data "${CMAKE_INSTALL_DATADIR}/telnyx_exporter")

install(TARGETS telnyx_exporter RUNTIME COMPONENT exporter)
if(TELNYX_EXPORTER_SIMULATOR)
  install(TARGETS telnyx_simulator RUNTIME COMPONENT simulator)
  install(DIRECTORY config/scenarios DESTINATION "${data}" COMPONENT simulator)
endif()

foreach(program telnyx_exporter telnyx_simulator)
  install(FILES debian/man/${program}.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT man)
  install(FILES debian/completion/${program}
          DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT completion)
  install(FILES debian/completion/_${program}
          DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT completion)
endforeach()

install(FILES deploy/systemd/telnyx_exporter.service deploy/systemd/telnyx_exporter.socket
        DESTINATION "${TELNYX_EXPORTER_SYSTEMD_UNIT_DIR}" COMPONENT systemd)
install(FILES debian/etc/default/telnyx_exporter DESTINATION "${CMAKE_INSTALL_SYSCONFDIR}/default" COMPONENT systemd)
install(FILES debian/etc/telnyx_exporter/telnyx_exporter.yml
        DESTINATION "${CMAKE_INSTALL_SYSCONFDIR}/telnyx_exporter" COMPONENT configuration)

install(FILES config/many_accounts.yml config/minimal.yml config/telnyx_exporter.yml config/web.yml
              deploy/prometheus/alertmanager.yml deploy/prometheus/prometheus.yml
        DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples" COMPONENT examples)
install(DIRECTORY deploy/prometheus/ DESTINATION "${data}/rules" COMPONENT rules FILES_MATCHING PATTERN "*.rules.yml")
install(DIRECTORY deploy/grafana/dashboards DESTINATION "${data}" COMPONENT dashboards FILES_MATCHING PATTERN "*.json")
install(FILES config/telnyx_exporter.schema.json DESTINATION "${data}" COMPONENT schema)
install(FILES LICENSE CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc)

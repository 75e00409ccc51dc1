# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of ACLs and the directives of Squid 5 to 7, and which of them the judge reads. Data: releases differ only by a few names.

Source: squid-cache/squid, src/cf.data.pre and src/AclRegs.cc, branches v5, v6 and v7. A type or directive that is in no table here is unknown: it may match,
and it may block.
"""
from __future__ import annotations

#: Types that depend on the destination.
DOMAINS = frozenset(("dstdomain", "ssl::server_name"))
EXPRESSIONS = frozenset(("dstdom_regex", "ssl::server_name_regex", "url_regex", "urlpath_regex"))
NAMES = DOMAINS | EXPRESSIONS
DESTINATION = NAMES | {"dst", "dst_as"}
#: Types that ask for the user. An external one does if its helper gets a name, or anything else about the client only (for example for a portal).
SIGN_IN = frozenset(("proxy_auth", "proxy_auth_regex", "max_user_ip", "ext_user", "ext_user_regex", "ident", "ident_regex", "user_cert", "ca_cert"))
#: Formats of external_acl_type about the destination, in lower case.
DESTINATION_FORMATS = ("%dst", "%uri", "%>ru", "%ru", "%>rd", "%rd", "%path", "%>rp", "%rp", "%<a", "%ssl::>sni", "%>{host", "%{host",
                       "%>h{host", "%>ha{host", "%<rd", "%<ru")
#: Formats about neither. With any other one a helper may know who asks.
NEUTRAL_FORMATS = ("%src", "%>a", "%>p", "%>eui", "%myaddr", "%myport", "%la", "%lp", "%>la", "%>lp", "%method", "%rm", "%>rm", "%proto", "%rv",
                   "%>rv", "%rs", "%>rs", "%port", "%acl", "%data", "%%")
#: Schemes of URLs that Squid knows.
SCHEMES = frozenset("NONE HTTP HTTPS FTP COAP COAPS GOPHER WAIS CACHE_OBJECT ICP HTCP URN WHOIS ICY AUTHORITY_FORM TLS SSL".split())
GROUPS = frozenset(("any-of", "all-of"))
#: Types that need a reply: before there is one they never match.
REPLY = frozenset(("http_status", "rep_header", "rep_mime_type"))
#: Types that always match, used for their side effects.
ALWAYS = frozenset(("annotate_client", "annotate_transaction"))
#: The other types that the judge reads.
READ = frozenset(("src", "port", "method", "proto", "at_step", "localport", "myportname", "transaction_initiator"))
#: Types with the same result for a connection and for requests inside it; types for destinations only if the name is known from the start.
TIMELESS = frozenset(("src", "port", "localport", "myportname", "transaction_initiator", "dst", "dstdomain", "dstdom_regex", "proxy_auth", "proxy_auth_regex"))
#: Types whose result is unknown from the files.
UNREAD = frozenset("""
    adaptation_service arp browser client_connection_mark connections_encrypted eui64 external has hier_code localip maxconn note peername peername_regex
    random referer_regex req_header req_mime_type server_cert_fingerprint snmp_community squid_error src_as srcdom_regex srcdomain ssl_error tag time
    urllogin""".split())
#: Older names of types.
RENAMED = {"myip": "localip", "myport": "localport", "clientside_mark": "client_connection_mark"}
TYPES = DESTINATION | SIGN_IN | GROUPS | REPLY | ALWAYS | READ | UNREAD

#: Built-in ACLs: name, type, values.
BUILT_IN = (
    ("all", "src", ("all",)), ("manager", "url_regex", ("^cache_object://", "^https?://[^/]+/squid-internal-mgr/")),
    ("localhost", "src", ("127.0.0.1/32", "::1")), ("to_localhost", "dst", ("127.0.0.0/8", "0.0.0.0/32", "::1/128", "::/128")),
    ("to_linklocal", "dst", ("169.254.0.0/16", "fe80::/10")), ("CONNECT", "method", ("CONNECT",)))

#: Access lists other than http_access that decide about a connection: the directive, and whether it applies to decrypted requests only.
GATES = {"adapted_http_access": False, "http_access2": False, "miss_access": False, "http_reply_access": True}
#: Access lists that the judge reads. In ssl_bump and in lists without an action, a line without an ACL counts.
ACCESS = frozenset("""
    adaptation_access adapted_http_access always_direct cache_peer_access follow_x_forwarded_for http_access http_access2 http_reply_access icap_access
    miss_access never_direct redirector_access reply_header_access request_header_access url_rewrite_access""".split())
#: The position of the action in a directive, if it is not the first word.
ACTION_AT = {"request_header_access": 1, "reply_header_access": 1, "adaptation_access": 1, "cache_peer_access": 1, "delay_access": 1,
             "client_delay_access": 1, "response_delay_pool_access": 1}
#: Options of a port that decrypts, and of one that intercepts, with their older names.
BUMPING, INTERCEPTING = frozenset(("ssl-bump", "sslBump")), frozenset(("intercept", "transparent", "tproxy"))
#: Methods that browsers and apps send to a web service.
METHODS = ("CONNECT", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Headers, in lower case, that a web service needs through a decrypting proxy. Cookies are judged separately.
NEEDED_HEADERS = {
    "request_header_access": frozenset("all other authorization content-type content-length content-encoding host accept upgrade".split()),
    "reply_header_access": frozenset("all other content-type content-length content-encoding transfer-encoding location upgrade".split())}

#: Limits below which requests or responses of a web service are rejected: bytes of all headers (Squid's default), or a number.
LIMITS = {"request_header_max_size": 64 << 10, "reply_header_max_size": 64 << 10, "forward_max_tries": 1}
#: Rates of delay pools, and the lists of what they apply to.
RATES = {"delay_parameters": "delay_access", "client_delay_parameters": "client_delay_access", "response_delay_pool": "response_delay_pool_access"}

#: Directives that the judge reads.
JUDGED = frozenset("""
    acl adaptation_access adaptation_service_chain adaptation_service_set adapted_http_access always_direct ascii_port auth_param cache_log cache_peer
    cache_peer_access chroot client_delay_access client_delay_parameters client_ip_max_connections configuration_includes_quoted_values delay_access
    delay_parameters deny_info ecap_enable ecap_service external_acl_type
    follow_x_forwarded_for forward_max_tries http_access http_access2 http_port http_reply_access https_port icap_access icap_enable icap_service include
    miss_access never_direct redirect_program
    redirector_access reply_body_max_size reply_header_access reply_header_max_size request_body_max_size request_header_access request_header_add
    request_header_max_size response_delay_pool response_delay_pool_access ssl_bump url_rewrite_access url_rewrite_program""".split())
#: Directives that block nothing, or that concern something else.
OTHERS = frozenset("""
    accept_filter access_log acl_uses_indirect_client adaptation_masterx_shared_names adaptation_meta adaptation_send_client_ip
    adaptation_send_username adaptation_service_iteration_limit adaptation_uses_indirect_client allow_underscore announce_file announce_host
    announce_period announce_port append_domain as_whois_server auth_schemes authenticate_cache_garbage_interval authenticate_ip_ttl
    authenticate_ttl background_ping_rate balance_on_multiple_ip broken_posts broken_vary_encoding buffered_logs cache cache_access_log cache_dir
    cache_effective_group cache_effective_user cache_host_domain cache_log_message cache_mem cache_mgr cache_miss_revalidate cache_peer_domain
    cache_replacement_policy cache_store_log cache_swap_high cache_swap_log cache_swap_low cache_swap_state cache_vary cachemgr_passwd check_hostnames
    chunked_request_body_max_size client_db client_delay_initial_bucket_level client_delay_pools
    client_dst_passthru client_idle_pconn_timeout client_lifetime client_netmask client_persistent_connections
    client_request_buffer_max_size clientside_mark clientside_tos collapsed_forwarding collapsed_forwarding_access
    collapsed_forwarding_shared_entries_limit connect_retries connect_timeout coredump_dir cpu_affinity_map dead_peer_timeout debug_options
    delay_class delay_initial_bucket_level delay_pool_uses_indirect_client delay_pools detect_broken_pconn
    digest_bits_per_entry digest_generation digest_rebuild_chunk_percentage digest_rebuild_period digest_rewrite_period digest_swapout_chunk_size
    diskd_program dns_defnames dns_multicast_local dns_nameservers dns_packet_max dns_retransmit_interval dns_testnames dns_timeout dns_v4_fallback
    dns_v4_first email_err_data emulate_httpd_log err_html_text err_page_stylesheet error_default_language error_directory error_log_languages
    error_map esi_parser eui_lookup extension_methods external_refresh_check force_request_body_continuation forward_log
    forward_timeout forwarded_for fqdncache_size ftp_client_idle_timeout ftp_eprt ftp_epsv ftp_epsv_all ftp_list_width ftp_passive ftp_port
    ftp_sanitycheck ftp_telnet_protocol ftp_user global_internal_static half_closed_clients happy_eyeballs_connect_gap happy_eyeballs_connect_limit
    happy_eyeballs_connect_timeout header_access header_replace hierarchy_stoplist high_memory_warning high_page_fault_warning
    high_response_time_warning hopeless_kid_revival_delay host_verify_strict hostname_aliases hosts_file htcp_access htcp_clr_access htcp_port
    http_accel_surrogate_remote http_upgrade_request_protocols httpd_accel_no_pmtu_disc httpd_accel_surrogate_id httpd_suppress_version_string
    icap_206_enable icap_class icap_client_username_encode icap_client_username_header icap_connect_timeout icap_default_options_ttl icap_io_timeout
    icap_log icap_persistent_connections icap_preview_enable icap_preview_size icap_retry icap_retry_limit icap_send_client_ip
    icap_send_client_username icap_service_failure_limit icap_service_revival_delay icap_uses_indirect_client icon_directory icp_access icp_hit_stale
    icp_port icp_query_timeout ident_lookup_access ident_timeout ie_refresh ignore_expect_100 ignore_ims_on_miss ignore_unknown_nameservers
    incoming_dns_average incoming_http_average incoming_icp_average incoming_rate incoming_tcp_average incoming_udp_average ipcache_high ipcache_low
    ipcache_size loadable_modules location_rewrite_access location_rewrite_children location_rewrite_concurrency location_rewrite_program log_access
    log_fqdn log_icap log_icp_queries log_ip_on_direct log_mime_hdrs log_uses_indirect_client logfile_daemon logfile_rotate logformat mail_from
    mail_program mark_client_connection mark_client_packet max_filedesc max_filedescriptors max_open_disk_fds max_stale maximum_icp_query_timeout
    maximum_object_size maximum_object_size_in_memory maximum_single_addr_tries mcast_groups mcast_icp_query_timeout mcast_miss_addr
    mcast_miss_encode_key mcast_miss_port mcast_miss_ttl memory_cache_mode memory_cache_shared memory_pools memory_pools_limit
    memory_replacement_policy mime_table min_dns_poll_cnt min_http_poll_cnt min_icp_poll_cnt min_tcp_poll_cnt min_udp_poll_cnt minimum_direct_hops
    minimum_direct_rtt minimum_expiry_time minimum_icp_query_timeout minimum_object_size negative_dns_ttl negative_ttl neighbor_type_domain
    netdb_filename netdb_high netdb_low netdb_ping_period no_cache nonhierarchical_direct note offline_mode on_unsupported_protocol
    paranoid_hit_validation pconn_lifetime pconn_timeout peer_connect_timeout persistent_connection_after_error persistent_request_timeout
    pid_filename pinger_enable pinger_program pipeline_prefetch positive_dns_ttl prefer_direct proxy_protocol_access qos_flows query_icmp
    quick_abort_max quick_abort_min quick_abort_pct range_offset_limit read_ahead_gap read_timeout redirect_children redirect_rewrites_host_header
    redirector_bypass referer_log referrer_log refresh_all_ims refresh_pattern refresh_stale_hit relaxed_header_parser reload_into_ims
    reply_header_add reply_header_replace request_entities request_header_replace
    request_start_timeout request_timeout retry_on_error send_hit server_http11
    server_idle_pconn_timeout server_pconn_for_nonretriable server_persistent_connections shared_memory_locking shared_transient_entries_limit
    short_icon_urls shutdown_lifetime sleep_after_fork snmp_access snmp_incoming_address snmp_outgoing_address snmp_port spoof_client_ip ssl_engine
    ssl_unclean_shutdown sslcrtd_children sslcrtd_program sslcrtvalidator_children sslcrtvalidator_program sslpassword_program sslproxy_cafile
    sslproxy_capath sslproxy_cert_adapt sslproxy_cert_error sslproxy_cert_sign sslproxy_cert_sign_hash sslproxy_cipher sslproxy_client_certificate
    sslproxy_client_key sslproxy_flags sslproxy_foreign_intermediate_certs sslproxy_options sslproxy_session_cache_size sslproxy_session_ttl
    sslproxy_version stats_collection store_avg_object_size store_dir_select_algorithm store_id_access store_id_bypass store_id_children
    store_id_extras store_id_program store_miss store_objects_per_bucket storeurl_rewrite_access storeurl_rewrite_bypass storeurl_rewrite_children
    storeurl_rewrite_program strip_query_terms tcp_outgoing_address tcp_outgoing_ds tcp_outgoing_dscp tcp_outgoing_mark tcp_outgoing_tos
    tcp_recv_bufsize test_reachability tls_key_log tls_outgoing_options tproxy_uses_indirect_client udp_incoming_address udp_outgoing_address udp_port
    umask unique_hostname unlinkd_program update_headers upgrade_http0.9 uri_whitespace url_rewrite_bypass url_rewrite_children
    url_rewrite_concurrency url_rewrite_extras url_rewrite_host_header url_rewrite_timeout useragent_log vary_ignore_expire via visible_hostname
    wais_relay_host wais_relay_port wccp2_address wccp2_assignment_method wccp2_forwarding_method wccp2_rebuild_wait wccp2_return_method wccp2_router
    wccp2_service wccp2_service_info wccp2_weight wccp_address wccp_router wccp_version windows_ipaddrchangemonitor workers write_timeout zero_buffers
    zph_local zph_mode zph_option zph_parent zph_sibling""".split())

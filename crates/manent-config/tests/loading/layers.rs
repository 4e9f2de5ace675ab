use std::path::PathBuf;
use std::time::Duration;

use manent_config::{Config, DatabaseUrl, LogFormat, Synchronous, locate};

use crate::world::World;

#[test]
fn defaults_hold_when_nothing_is_set() {
    let world = World::new();
    let config = world.configuration();
    assert!(config.is_demo());
    assert_eq!(config.data_dir, world.path("home/data"));
    let same = Config::with_defaults(world.path("home/data"));
    assert_eq!(format!("{config:?}"), format!("{same:?}"));
    insta::assert_debug_snapshot!(Config::with_defaults(PathBuf::from("/data")), @r#"
Config {
    listen: 127.0.0.1:3080,
    mode: Local,
    public_url: None,
    cors_origins: [],
    data_dir: "/data",
    default_provider: None,
    default_model: None,
    providers_from_environment: true,
    demo: true,
    log: LogConfig {
        filter: "info",
        format: Auto,
    },
    accounts: AccountsConfig {
        registration: Open,
        allowed_domains: [],
        min_password_length: 8,
        access_token_life: 900s,
        session_life: 604800s,
        refresh_grace: 60s,
        recheck_interval: 5s,
        secure_cookies: Auto,
        secret: None,
        trusted_proxies: [],
        user_url_networks: [],
    },
    oidc: OidcConfig {
        issuer: None,
        client_id: None,
        client_secret: None,
        scopes: [
            "openid",
            "profile",
            "email",
        ],
        label: "OpenID",
        image: None,
        automatic: false,
        passwords: false,
        create_accounts: true,
        link_passwords: false,
        trust_email: false,
        email_claim: None,
        username_claim: None,
        name_claim: None,
        required: RoleRule {
            roles: [],
            path: [
                "roles",
            ],
            source: IdToken,
        },
        admin: RoleRule {
            roles: [],
            path: [
                "roles",
            ],
            source: IdToken,
        },
        audiences: [],
        end_session: true,
        timeout: 10s,
    },
    librechat: LibreChatConfig {
        enabled: false,
        config: None,
        ui: None,
        endpoints: [],
        client: LibreChat {
            variables: Variables {
                app_title: "LibreChat",
                custom_footer: None,
                help_url: None,
                has_search: true,
                has_titles: true,
                allows_email_login: true,
                allows_password_reset: true,
                allows_account_deletion: true,
                allows_shared_links: true,
                allows_public_links: true,
                snapshots_files: true,
                bundler_url: None,
                static_bundler_url: None,
                import_bytes: 0,
            },
            interface: Interface {
                shown: {},
                permissions: {},
                temporary_hours: None,
                snapshot_files: None,
            },
            social_logins: None,
            endpoints: [],
            model_specs: ModelSpecs {
                enforce: false,
                prioritize: false,
                added_endpoints: [],
                list: [],
            },
            file_config: None,
            secure_image_links: false,
        },
    },
    mail: MailConfig {
        host: None,
        port: None,
        tls: StartTls,
        user: None,
        password: None,
        from: None,
    },
    limits: LimitsConfig {
        body_bytes: 3000000,
        max_connections: 1000,
        content: Limits {
            message_text_bytes: 262144,
            message_image_bytes: 2900000,
            message_parts: 1000,
            batch_items: 200,
            prompt_messages: 10000,
            title_characters: 200,
            system_bytes: 65536,
        },
        usage: UsageLimits {
            messages_per_minute: None,
            messages_per_minute_by_address: None,
            generations_per_minute: None,
            generations_per_minute_by_address: None,
            concurrent_generations: None,
            connections_by_address: None,
            budget_period: 86400s,
            budget_generations: None,
            budget_tokens: None,
            budget_cost: None,
        },
    },
    http: HttpConfig {
        header_read_timeout: 30s,
        write_timeout: 60s,
        body_read_timeout: 20s,
        shutdown_grace: 30s,
    },
    sse: SseConfig {
        heartbeat: 10s,
    },
    database: DatabaseConfig {
        url: Sqlite(
            None,
        ),
        pool_size: 10,
        acquire_timeout: 5s,
        statement_timeout: 10s,
        start_wait: 30s,
        writers: 4,
        missed_check_interval: 5s,
    },
    store: StoreConfig {
        synchronous: Full,
        readers: 4,
        group_max_writes: 512,
        group_max_bytes: 8388608,
        queue_max_bytes: 67108864,
        queue_wait: 5s,
        read_timeout: 10s,
        lock_wait: 5s,
    },
    runs: RunsConfig {
        flush_interval: 100ms,
        snapshot_interval: 2s,
        heartbeat_interval: 2s,
        dead_after: 8s,
        registration_wait: 75ms,
        store_wait: 2s,
        join_wait: 5s,
        parent_wait: 60s,
        log_retention: 86400s,
        max_running: 2000,
    },
    journal: JournalConfig {
        enabled: true,
        directory: None,
        max_bytes: 268435456,
    },
    testing: TestingConfig {
        sign_in_switch: false,
    },
    providers: [],
}
"#);
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let mut seen = Vec::new();
    let mut world = World::new();
    seen.push(world.configuration().listen.port());
    world = world.config("listen = \"127.0.0.1:1001\"");
    seen.push(world.configuration().listen.port());
    world = world.variable("MANENT_LISTEN", "127.0.0.1:1002");
    seen.push(world.configuration().listen.port());
    world = world.flag("--listen", "listen", "[::1]:1003");
    seen.push(world.configuration().listen.port());
    assert_eq!(seen, [3080, 1001, 1002, 1003]);
}

#[test]
fn every_section_is_read_from_the_file() {
    let config = World::new()
        .config(
            r#"
listen = "localhost:4000"
data_dir = "data"
demo = false
[log]
filter = "warn,manent_server=debug"
format = "json"
[limits]
body_bytes = 4_000_000
batch_items = 10
[http]
shutdown_grace = "1m30s"
[sse]
heartbeat = "500ms"
[database]
url = "postgres://me:hunter2@db/manent"
pool_size = 4
[store]
synchronous = "normal"
readers = 2
[runs]
max_running = 3
[journal]
enabled = false
directory = "queue"
"#,
        )
        .configuration();
    assert_eq!(config.listen.to_string(), "127.0.0.1:4000");
    assert!(config.data_dir.ends_with("work/data"));
    assert!(!config.is_demo());
    assert_eq!(config.log.filter, "warn,manent_server=debug");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.limits.body_bytes, 4_000_000);
    assert_eq!(config.limits.content.batch_items, 10);
    assert_eq!(config.http.shutdown_grace, Duration::from_secs(90));
    assert_eq!(config.sse.heartbeat, Duration::from_millis(500));
    assert!(matches!(&config.database.url, DatabaseUrl::Postgres(_)));
    assert_eq!(config.sqlite_directory(), None);
    assert_eq!(config.database.pool_size, 4);
    assert_eq!(config.runs.max_running, 3);
    assert!(!config.journal.enabled);
    assert!(config.journal_directory().ends_with("work/queue"));
    assert_eq!(config.store.synchronous, Synchronous::Normal);
    assert_eq!(config.store.readers, 2);
}

#[test]
fn variables_reach_into_sections_and_have_short_names() {
    let config = World::new()
        .variable("MANENT_HTTP__SHUTDOWN_GRACE", "45s")
        .variable("MANENT_LIMITS__BATCH_ITEMS", "1_000")
        .variable("MANENT_DEMO", "off")
        .variable("MANENT_LOG", "debug")
        .configuration();
    assert_eq!(config.http.shutdown_grace, Duration::from_secs(45));
    assert_eq!(config.limits.content.batch_items, 1_000);
    assert!(!config.demo);
    assert_eq!(config.log.filter, "debug");
}

#[test]
fn empty_variables_count_as_unset() {
    let config = World::new()
        .variable("MANENT_LISTEN", "")
        .variable("ANTHROPIC_API_KEY", "")
        .configuration();
    assert_eq!(config.listen.port(), 3080);
    assert!(config.is_demo());
}

#[test]
fn variables_of_a_kubernetes_service_are_left_alone() {
    let problems = World::new()
        .variable("MANENT_SERVICE_HOST", "10.0.0.7")
        .variable("MANENT_SERVICE_PORT", "3080")
        .variable("MANENT_PORT", "tcp://10.0.0.7:3080")
        .variable("MANENT_PORT_3080_TCP_ADDR", "10.0.0.7")
        .problems();
    assert_eq!(problems, "");
}

#[test]
fn relative_paths_start_where_they_were_written() {
    let in_file = World::new()
        .file("etc/manent.toml", "data_dir = \"data\"")
        .config_flag("etc/manent.toml");
    let in_variable = World::new().variable("MANENT_DATA_DIR", "data");
    let home_itself = World::new().variable("MANENT_DATA_DIR", "~");
    assert_eq!(
        home_itself.configuration().data_dir,
        home_itself.path("home")
    );
    let in_home = World::new().variable("MANENT_DATA_DIR", "~/manent");
    assert_eq!(
        in_file.configuration().data_dir,
        in_file.path("work/etc/data")
    );
    assert_eq!(
        in_variable.configuration().data_dir,
        in_variable.path("work/data")
    );
    assert_eq!(
        in_home.configuration().data_dir,
        in_home.path("home/manent")
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let world = World::new().config("\u{feff}demo = false\r\n[sse]\r\nheartbeat = \"3s\"\r\n");
    assert_eq!(world.configuration().sse.heartbeat, Duration::from_secs(3));
    assert!(!world.configuration().demo);
}

#[test]
fn the_file_is_looked_for_in_four_places() {
    let mut world = World::new();
    let none = locate(&world.sources());
    assert_eq!(none.file, None);
    assert_eq!(
        none.usual,
        [
            world.path("work/manent.toml"),
            world.path("config/manent.toml")
        ]
    );
    let mut found = Vec::new();
    world = world.file("../config/manent.toml", "");
    found.push(locate(&world.sources()).file.unwrap());
    world = world.config("");
    found.push(locate(&world.sources()).file.unwrap());
    world = world.variable("MANENT_CONFIG", "by-variable.toml");
    found.push(locate(&world.sources()).file.unwrap());
    world = world.config_flag("by-flag.toml");
    found.push(locate(&world.sources()).file.unwrap());
    let expected = [
        "config/manent.toml",
        "work/manent.toml",
        "work/by-variable.toml",
        "work/by-flag.toml",
    ]
    .map(|name| world.path(name));
    assert_eq!(found, expected);
}

//! Every `sslmode` does what it says.

use std::path::Path;
use std::time::Duration;

use manent_postgres::{Database, PostgresServer, ServerKeys, ServerOptions};
use manent_storage_postgres::{OpenError, PostgresConfig, PostgresStore};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Keys of a server with this name, signed by the authority.
fn keys(authority: &Authority, name: &str) -> ServerKeys {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    ServerKeys {
        certificate: params.signed_by(&key, authority).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

async fn connect(
    database: &Database,
    host: &str,
    settings: &str,
) -> Result<PostgresStore, OpenError> {
    let mut url = url::Url::parse(database.url()).unwrap();
    url.set_host(Some(host)).unwrap();
    url.set_query(Some(settings));
    PostgresStore::connect(PostgresConfig {
        pool_size: 3,
        start_wait: Duration::ZERO,
        ..PostgresConfig::new(url.to_string())
    })
    .await
}

/// How many of the store's connections are encrypted, and how many there are.
async fn encrypted(database: &Database) -> (String, String) {
    let count = async |condition: &str| {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE application_name = 'manent' AND datname = current_database() {condition}"
        );
        database.query_one(&sql).await.unwrap()
    };
    (count("AND ssl").await, count("").await)
}

fn in_file(directory: &TempDir, name: &str, authority: &Authority) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, authority.pem()).unwrap();
    Path::to_str(&path).unwrap().to_owned()
}

#[tokio::test]
async fn encryption_is_as_the_address_asks() {
    let good = authority();
    let options = ServerOptions::default();
    let server = PostgresServer::encrypted(options, keys(&good, "localhost"))
        .await
        .unwrap();
    let database = server.fresh_database().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ca = in_file(&directory, "good.pem", &good);
    let other = in_file(&directory, "other.pem", &authority());

    for (host, settings) in [
        ("127.0.0.1", "sslmode=prefer".to_owned()),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={ca}")),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ca}")),
        ("localhost", format!("sslmode=verify-full&sslrootcert={ca}")),
    ] {
        let store = connect(&database, host, &settings).await.unwrap();
        store.check().await.unwrap();
        let (encrypted, all) = encrypted(&database).await;
        assert_eq!(encrypted, all, "{settings}");
        assert_ne!(all, "0", "{settings}");
        store.close().await;
        while self::encrypted(&database).await.1 != "0" {
            database.terminate_backends().await.unwrap();
        }
    }

    let open = connect(&database, "127.0.0.1", "sslmode=disable").await;
    open.unwrap().check().await.unwrap();
    assert_eq!(encrypted(&database).await.0, "0");

    for (host, settings) in [
        // Nobody whom the machine trusts signed it.
        ("localhost", "sslmode=verify-full".to_owned()),
        ("localhost", "sslrootcert=system".to_owned()),
        // Another authority, another name, no authority at all.
        ("127.0.0.1", format!("sslmode=require&sslrootcert={other}")),
        (
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={other}"),
        ),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ca}")),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=/nowhere".to_owned(),
        ),
    ] {
        let refused = connect(&database, host, &settings).await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("ertificate"), "{settings}: {text}");
    }
}

//! A database of a test.

use anyhow::{Context, Result};
use tokio_postgres::NoTls;
use url::Url;

use crate::janitor;

/// A database that nobody else uses. Dropping it drops the database.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
    url: Url,
}

impl Database {
    pub(crate) async fn create(server: &Url, name: String, template: Option<&str>) -> Result<Self> {
        let template = template.map_or_else(
            || "template0 ENCODING 'UTF8'".to_owned(),
            |name| format!("\"{name}\""),
        );
        execute(
            server.as_str(),
            &format!("CREATE DATABASE \"{name}\" TEMPLATE {template}"),
        )
        .await
        .with_context(|| format!("creating the database {name}"))?;
        let mut url = server.clone();
        url.set_path(&name);
        Ok(Self {
            server: server.as_str().to_owned(),
            name,
            url,
        })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Its address with another host and port, such as those of a proxy.
    ///
    /// # Errors
    /// When they make no address.
    pub fn url_through(&self, host: &str, port: u16) -> Result<String> {
        let mut url = self.url.clone();
        url.set_host(Some(host)).context("the host of the proxy")?;
        url.set_port(Some(port))
            .map_err(|()| anyhow::anyhow!("the port of the proxy"))?;
        Ok(url.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements in it.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        execute(self.url.as_str(), sql).await
    }

    /// The first column of the first row that a statement answers, as text.
    ///
    /// # Errors
    /// When it fails, or answers no row.
    pub async fn query_one(&self, sql: &str) -> Result<String> {
        query_one(self.url.as_str(), sql).await
    }

    /// Ends all connections to it, as an administrator or a failover does; answers how many.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn terminate_backends(&self) -> Result<u64> {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
            self.name
        );
        query_one(&self.server, &sql)
            .await?
            .parse()
            .context("the number of ended connections")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        janitor::drop_database(&self.server, &self.name);
    }
}

/// Runs statements on a connection of their own.
pub(crate) async fn execute(url: &str, sql: &str) -> Result<()> {
    with_client(url, async |client| Ok(client.batch_execute(sql).await?)).await
}

async fn query_one(url: &str, sql: &str) -> Result<String> {
    with_client(url, async |client| {
        for message in client.simple_query(sql).await? {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                return Ok(row.get(0).unwrap_or_default().to_owned());
            }
        }
        anyhow::bail!("no row")
    })
    .await
}

async fn with_client<T>(
    url: &str,
    act: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T>,
) -> Result<T> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let answer = async {
        let answer = act(&client).await;
        drop(client);
        answer
    };
    // Whatever ends the connection is seen by the statement too.
    let (answer, _) = tokio::join!(answer, connection);
    answer
}

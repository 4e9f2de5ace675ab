//! As much of a browser as a sign-in needs: it follows links and keeps cookies.

use std::collections::BTreeMap;

use manent_testkit::TestServer;
use reqwest::Url;

use super::provider::client;
use crate::support::reply::Reply;

/// The most links that are followed.
const MOST: usize = 12;

/// A browser.
pub(crate) struct Browser {
    http: reqwest::Client,
    /// By origin, path and name.
    cookies: BTreeMap<(String, String, String), String>,
}

impl Browser {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            http: client()?,
            cookies: BTreeMap::new(),
        })
    }

    /// Opens one address.
    pub(crate) async fn open(&mut self, url: &Url) -> anyhow::Result<Reply> {
        let request = self.http.get(url.clone());
        let request = request
            .header("cookie", self.cookies_for(url))
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate");
        let reply = Reply::to(request).await?;
        self.keep(url, &reply);
        Ok(reply)
    }

    /// Sends a form.
    pub(crate) async fn submit(
        &mut self,
        url: &Url,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Reply> {
        let mut form = Url::parse("http://form.example")?;
        form.query_pairs_mut().extend_pairs(fields);
        let request = self.http.post(url.clone());
        let request = request
            .header("cookie", self.cookies_for(url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.query().unwrap_or_default().to_owned());
        let reply = Reply::to(request).await?;
        self.keep(url, &reply);
        Ok(reply)
    }

    /// Follows links until one leads to this server's page, and answers where that is.
    pub(crate) async fn follow(
        &mut self,
        start: Url,
        server: &TestServer,
    ) -> anyhow::Result<String> {
        let mut url = start;
        for _ in 0..MOST {
            let is_here = url.port() == Some(server.address().port());
            if is_here && !url.path().starts_with("/oauth/openid") {
                return Ok(path(&url));
            }
            let reply = self.open(&url).await?;
            let location = reply.header("location");
            anyhow::ensure!(
                (300..400).contains(&reply.status) && !location.is_empty(),
                "{url} answers {reply:?}"
            );
            url = url.join(location)?;
        }
        anyhow::bail!("too many links, up to {url}")
    }

    /// Follows links until one leads back to the server with the provider's answer, and answers that address without opening it.
    pub(crate) async fn go_and_come_back(&mut self, server: &TestServer) -> anyhow::Result<Url> {
        let mut url = begin(server, "/")?;
        for _ in 0..MOST {
            let reply = self.open(&url).await?;
            url = url.join(reply.header("location"))?;
            if url.path() == "/oauth/openid/callback" {
                return Ok(url);
            }
        }
        anyhow::bail!("nobody came back, but went to {url}")
    }

    /// Signs in and answers where that leads.
    pub(crate) async fn sign_in(
        &mut self,
        server: &TestServer,
        from: &str,
    ) -> anyhow::Result<String> {
        let start = begin(server, from)?;
        self.follow(start, server).await
    }

    /// The cookies whose names begin so, as they would be sent.
    pub(crate) fn cookies(&self, server: &TestServer, path: &str, name: &str) -> Vec<String> {
        let url = url(server, path);
        url.map(|url| self.cookies_for(&url))
            .unwrap_or_default()
            .split("; ")
            .filter(|pair| pair.starts_with(name))
            .map(str::to_owned)
            .collect()
    }

    fn cookies_for(&self, url: &Url) -> String {
        let origin = url.origin().ascii_serialization();
        let sent = self
            .cookies
            .iter()
            .filter(|((of, path, _), _)| *of == origin && url.path().starts_with(path));
        let pairs: Vec<String> = sent
            .map(|((_, _, name), value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, url: &Url, reply: &Reply) {
        let lines = reply.headers.get_all("set-cookie").iter();
        for line in lines.filter_map(|line| line.to_str().ok()) {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let attribute = |wanted: &str| {
                line.split(';')
                    .map(str::trim)
                    .filter_map(|part| part.split_once('='))
                    .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                    .map(|(_, value)| value)
            };
            let path = attribute("path").unwrap_or("/").to_owned();
            let key = (url.origin().ascii_serialization(), path, name.to_owned());
            let is_gone = attribute("max-age") == Some("0") || value.is_empty();
            if is_gone {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }
}

/// Where a sign-in begins that comes back to this path of the page.
pub(crate) fn begin(server: &TestServer, from: &str) -> anyhow::Result<Url> {
    let mut url = url(server, "/oauth/openid")?;
    url.query_pairs_mut()
        .append_pair("client", "page")
        .append_pair("return_to", from);
    Ok(url)
}

pub(crate) fn url(server: &TestServer, path: &str) -> anyhow::Result<Url> {
    Ok(Url::parse(&format!("http://{}{path}", server.address()))?)
}

fn path(url: &Url) -> String {
    let query = url.query().map(|query| format!("?{query}"));
    let fragment = url.fragment().map(|fragment| format!("#{fragment}"));
    format!(
        "{}{}{}",
        url.path(),
        query.unwrap_or_default(),
        fragment.unwrap_or_default()
    )
}

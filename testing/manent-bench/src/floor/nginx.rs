//! A bare nginx as a second pass-through, where it is installed.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::cores::Cores;

const PROGRAM: &str = "/usr/sbin/nginx";

/// A running nginx; stopped when dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Starts one with a single worker on the measured core; `None` where none is installed.
    ///
    /// # Errors
    /// When it is installed but does not start.
    pub(crate) fn start(upstream: SocketAddr, directory: &Path) -> anyhow::Result<Option<Self>> {
        if !Path::new(PROGRAM).exists() {
            return Ok(None);
        }
        // It takes no port 0, so a free one is looked for; another program could take it in between, and then this fails.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let file = directory.join("nginx.conf");
        std::fs::write(&file, configuration(address, upstream, directory))?;
        let mut command = Command::new(PROGRAM);
        command
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(directory)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let child = std::thread::spawn(move || -> anyhow::Result<Child> {
            Cores::Measured.bind_this_thread()?;
            Ok(command.spawn()?)
        })
        .join()
        .map_err(|_| anyhow::anyhow!("the thread that starts nginx panicked"))?
        .context("cannot start nginx")?;
        let nginx = Self { child, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if started.elapsed() > Duration::from_secs(5) {
                bail!("nginx does not listen");
            }
            std::thread::yield_now();
        }
        Ok(Some(nginx))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn configuration(address: SocketAddr, upstream: SocketAddr, directory: &Path) -> String {
    let temp = directory.display();
    format!(
        "daemon off; master_process off; worker_processes 1; pid {temp}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 1000000;
  client_body_temp_path {temp}/body; proxy_temp_path {temp}/proxy; fastcgi_temp_path {temp}/fastcgi;
  uwsgi_temp_path {temp}/uwsgi; scgi_temp_path {temp}/scgi;
  upstream bench {{ server {upstream}; keepalive 512; keepalive_requests 1000000; }}
  server {{
    listen {address};
    location / {{
      proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off;
    }}
  }}
}}
"
    )
}

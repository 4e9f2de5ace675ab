//! The runs of this process: their settings and their readiness.

use async_trait::async_trait;
use manent_config::Config;
use manent_runs::{RunService, RunsConfig};

use crate::operations::{NotReady, ReadinessCheck};

pub(super) fn settings(config: &Config) -> RunsConfig {
    let runs = &config.runs;
    RunsConfig {
        flush_interval: runs.flush_interval,
        snapshot_interval: runs.snapshot_interval,
        heartbeat_interval: runs.heartbeat_interval,
        dead_after: runs.dead_after,
        registration_wait: runs.registration_wait,
        store_wait: runs.store_wait,
        join_wait: runs.join_wait,
        parent_wait: runs.parent_wait,
        log_retention: runs.log_retention,
        max_running: runs.max_running,
    }
}

/// Tells whether this process takes another run.
pub(super) struct RunsReadiness {
    service: RunService,
    most: usize,
}

impl RunsReadiness {
    pub(super) const fn new(service: RunService, most: usize) -> Self {
        Self { service, most }
    }
}

#[async_trait]
impl ReadinessCheck for RunsReadiness {
    fn name(&self) -> &'static str {
        "runs"
    }

    async fn check(&self) -> Result<Option<String>, NotReady> {
        let running = self.service.running();
        if running < self.most {
            return Ok((running > 0).then(|| format!("{running} running")));
        }
        Err(NotReady {
            detail: format!(
                "{running} run, and this process takes no more than runs.max_running ({})",
                self.most
            ),
        })
    }
}

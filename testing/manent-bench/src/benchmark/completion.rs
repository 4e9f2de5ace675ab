//! Streaming: `/completion/generate` against pass-throughs of the same stream.

mod first_token;
mod paced;
mod saturated;
mod turn;

use crate::contender::{self, Contender, NGINX};
use crate::cores::Cores;
use crate::environment::Environment;
use crate::report::Report;
use crate::upstream;

/// Runs it.
///
/// # Errors
/// When a process does not start or a stream breaks.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("completion", environment.quick);
    Cores::Load.bind_this_thread()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let upstream = upstream::start().await?;
        let directory = environment.scratch()?;
        let contenders = contender::start_all(environment, upstream, &directory)?;
        if !contenders.iter().any(|contender| contender.name == NGINX) {
            report.note("nginx is not installed: that floor was left out");
        }
        first_token::measure(environment, &contenders, &mut report).await?;
        turn::measure(environment, &contenders, &mut report).await?;
        paced::measure(environment, &contenders, &mut report).await?;
        saturated::measure(environment, &contenders, &mut report).await?;
        Ok(report)
    })
}

/// One value for each contender and round; all contenders take their turn in each round.
#[derive(Debug)]
struct Rounds<'contenders> {
    contenders: &'contenders [Contender],
    values: Vec<Vec<f64>>,
}

impl<'contenders> Rounds<'contenders> {
    fn new(contenders: &'contenders [Contender]) -> Self {
        Self {
            contenders,
            values: vec![Vec::new(); contenders.len()],
        }
    }

    fn push(&mut self, contender: usize, value: f64) {
        self.values[contender].push(value);
    }

    /// The median of a contender's rounds; `None` when it was left out.
    fn median(&self, name: &str) -> Option<f64> {
        let index = self
            .contenders
            .iter()
            .position(|contender| contender.name == name)?;
        let values = self.values.get(index).filter(|values| !values.is_empty())?;
        Some(crate::statistics::median(values))
    }
}

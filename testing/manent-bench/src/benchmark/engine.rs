//! The client engine alone, without a store, a network or a browser.

mod items;
mod outbox;

use std::time::Instant;

use anyhow::ensure;
use manent_engine::append_api::MessagePayload;
use manent_engine::{ItemId, NewItem, Snapshot};

use crate::data::seeded;
use crate::environment::Environment;
use crate::floor::plain_queue::PlainQueue;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::{Latencies, median};
use items::Items;
use outbox::Outbox;

/// As many items as wait in a long queue.
const LONG_QUEUE: usize = 10_000;

/// So few items more are still a short queue.
const BEHIND_NONE: usize = 100;

/// In a millisecond.
const MICROSECONDS: f64 = 1_000.0;

const FLOOR: &str = "queue and map, no promises";

/// Runs it.
///
/// # Errors
/// When the engine stands still or loses an item.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("engine", environment.quick);
    let mut items = Items::new(seeded(7))?;
    one_by_one(environment, &mut items, &mut report)?;
    behind_others(environment, &mut items, &mut report)?;
    draining(environment, &mut items, &mut report)?;
    restoring(environment, &mut items, &mut report)?;
    Ok(report)
}

/// Each item is queued, written, sent and answered before the next one.
fn one_by_one(
    environment: &Environment,
    items: &mut Items,
    report: &mut Report,
) -> anyhow::Result<()> {
    let count = environment.scaled(2_000, 20_000);
    let mut rates = (Vec::new(), Vec::new());
    for _ in 0..environment.scaled(3, 9) {
        let (ours, plain) = (items.take(count), items.take(count));
        let mut outbox = Outbox::over(Snapshot::default());
        rates.0.push(per_second(count, || {
            for item in ours {
                outbox.enqueue(item);
                ensure!(outbox.drain()? == 1, "an item is lost");
            }
            Ok(())
        })?);
        let mut queue = PlainQueue::new();
        rates.1.push(per_second(count, || {
            for item in plain {
                std::hint::black_box(queue.enqueue(item));
                settle_all(&mut queue);
            }
            Ok(())
        })?);
    }
    report.row(
        Row::new(
            "items/s, one by one, nothing else queued",
            Unit::PerSecond,
            median(&rates.0),
        )
        .floor(FLOOR, median(&rates.1)),
    );
    Ok(())
}

/// Items are queued and written while others wait, and a request is on the way: what the press of a key costs while the server is slow.
fn behind_others(
    environment: &Environment,
    items: &mut Items,
    report: &mut Report,
) -> anyhow::Result<()> {
    let count = environment.scaled(1_000, 5_000);
    let mut medians: Vec<[f64; 3]> = Vec::new();
    let mut long = Latencies::default();
    for _ in 0..environment.scaled(3, 9) {
        let mut round = [0.0; 3];
        for (queued, median) in [0, LONG_QUEUE].into_iter().zip(&mut round) {
            let mut outbox = Outbox::over(Snapshot::default());
            for item in items.take(queued + 1) {
                outbox.enqueue(item);
            }
            // More items would be a longer queue themselves.
            let latencies = each(items.take(BEHIND_NONE), |item| outbox.enqueue(item));
            *median = latencies.percentile(50.0) * MICROSECONDS;
            let mut all = queued + 1 + BEHIND_NONE;
            if queued > 0 {
                long.extend(latencies);
                long.extend(each(items.take(count), |item| outbox.enqueue(item)));
                all += count;
            }
            ensure!(outbox.drain()? == all, "items are lost");
        }
        let mut queue = PlainQueue::new();
        for item in items.take(LONG_QUEUE) {
            queue.enqueue(item);
        }
        let latencies = each(items.take(count), |item| {
            std::hint::black_box(queue.enqueue(item));
        });
        round[2] = latencies.percentile(50.0) * MICROSECONDS;
        medians.push(round);
    }
    let of = |which: usize| -> f64 {
        let values: Vec<f64> = medians
            .iter()
            .filter_map(|round| round.get(which).copied())
            .collect();
        median(&values)
    };
    let name = format!("queued and written behind {LONG_QUEUE}, p50");
    let row = Row::new(name, Unit::Microseconds, of(1));
    report.row(
        row.clone()
            .floor("behind none", of(0))
            .target(Target::RatioAtMost(2.0)),
    );
    report.row(row.floor(FLOOR, of(2)));
    report.row(Row::new(
        format!("queued and written behind {LONG_QUEUE}, p99"),
        Unit::Microseconds,
        long.percentile(99.0) * MICROSECONDS,
    ));
    Ok(())
}

/// The server is back and takes everything.
fn draining(
    environment: &Environment,
    items: &mut Items,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut rates = (Vec::new(), Vec::new());
    for _ in 0..environment.scaled(3, 9) {
        let mut outbox = Outbox::over(Snapshot::default());
        for item in items.take(LONG_QUEUE) {
            outbox.enqueue(item);
        }
        rates.0.push(per_second(LONG_QUEUE, || {
            ensure!(outbox.drain()? == LONG_QUEUE, "items are lost");
            Ok(())
        })?);
        let mut queue = PlainQueue::new();
        for item in items.take(LONG_QUEUE) {
            queue.enqueue(item);
        }
        rates.1.push(per_second(LONG_QUEUE, || {
            settle_all(&mut queue);
            Ok(())
        })?);
    }
    report.row(
        Row::new(
            format!("items/s, {LONG_QUEUE} sent and answered"),
            Unit::PerSecond,
            median(&rates.0),
        )
        .floor(FLOOR, median(&rates.1)),
    );
    Ok(())
}

/// A device starts: its records are read and made an outbox.
fn restoring(
    environment: &Environment,
    items: &mut Items,
    report: &mut Report,
) -> anyhow::Result<()> {
    let records = items.records(LONG_QUEUE)?;
    let mut times = (Latencies::default(), Latencies::default());
    for _ in 0..environment.scaled(3, 15) {
        let started = Instant::now();
        let texts = records.iter().map(String::as_str);
        let (snapshot, refused) = Snapshot::<MessagePayload>::read(texts);
        ensure!(refused.is_empty(), "a record is refused");
        let outbox = std::hint::black_box(Outbox::over(snapshot));
        times.0.push(started.elapsed());
        drop(outbox);
        let started = Instant::now();
        let texts = records.iter().map(String::as_str);
        let queue = PlainQueue::<MessagePayload>::restore(texts)?;
        let queue = std::hint::black_box(queue);
        times.1.push(started.elapsed());
        drop(queue);
    }
    report.row(
        Row::new(
            format!("{LONG_QUEUE} records read and made an outbox"),
            Unit::Milliseconds,
            times.0.percentile(50.0),
        )
        .floor(FLOOR, times.1.percentile(50.0)),
    );
    Ok(())
}

fn settle_all(queue: &mut PlainQueue<MessagePayload>) {
    loop {
        let request = std::hint::black_box(queue.request());
        if request.is_empty() {
            return;
        }
        let stored: Vec<ItemId> = request.iter().map(|(id, _)| *id).collect();
        std::hint::black_box(queue.settle(&stored));
    }
}

/// How long each took.
fn each(
    items: Vec<NewItem<MessagePayload>>,
    mut act: impl FnMut(NewItem<MessagePayload>),
) -> Latencies {
    let mut latencies = Latencies::default();
    for item in items {
        let started = Instant::now();
        act(item);
        latencies.push(started.elapsed());
    }
    latencies
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn per_second(count: usize, act: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    act()?;
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

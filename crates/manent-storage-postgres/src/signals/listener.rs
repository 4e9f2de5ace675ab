//! The task that holds the connection.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::time::Duration;

use manent_domain::ports::Signal;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_postgres::{AsyncMessage, Client, Notification};

use super::payload::{self, Told};
use super::{SignalParts, tell};
use crate::connector::Driver;
use crate::error::Error;
use crate::metrics::Counters;

/// The channel that all processes of a database share.
const CHANNEL: &str = "manent";

/// The shortest time between two notifications. What happens meanwhile is told together.
const PACE: Duration = Duration::from_millis(2);

/// How long a notification may be under way before it counts as missed.
const UNDER_WAY: Duration = Duration::from_millis(300);

/// The first pause before the connection is made again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often the rows of the writers say that their process lives. Rows that have not said so for days are taken away.
const SIGN_OF_LIFE: Duration = Duration::from_hours(1);

/// Each process that listens holds this advisory lock, shared: two numbers, `mane` and `nt` in ASCII.
const PRESENCE: (i32, i32) = (0x6d61_6e65, 0x6e74);

/// A writer of another process.
type WriterKey = (i64, i32);

pub(super) struct Listener {
    parts: SignalParts,
    /// Up to which group of each writer everything was told.
    told: HashMap<WriterKey, i64>,
    /// Groups of which no notification has come, and when that counts as missed.
    suspects: Option<(Instant, HashMap<WriterKey, i64>)>,
    /// Whether other processes listen; without any, nothing is sent.
    has_others: bool,
    /// When to say again that this process lives.
    next_sign: Instant,
}

/// Why a connection is left.
enum Left {
    Closing,
    Broken(Error),
}

impl Listener {
    pub(super) fn new(parts: SignalParts) -> Self {
        Self {
            parts,
            told: HashMap::new(),
            suspects: None,
            has_others: true,
            next_sign: Instant::now() + SIGN_OF_LIFE,
        }
    }

    pub(super) async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let mut is_first = true;
        loop {
            if !is_first {
                Counters::add(&self.parts.counters.listener_reconnects, 1);
            }
            is_first = false;
            let began = Instant::now();
            let left = self.connected().await;
            let notifier = &self.parts.notifier;
            if notifier.is_listening.swap(false, Ordering::Relaxed)
                && let Left::Broken(error) = &left
            {
                tracing::warn!(error = %error, "the connection that listens to other processes broke; it is made again");
            }
            if matches!(left, Left::Closing) || notifier.is_closing.load(Ordering::Relaxed) {
                return;
            }
            if began.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Makes the connection and serves it until it ends.
    async fn connected(&mut self) -> Left {
        let limit = self.parts.timeout;
        let connecting = timeout(limit, self.parts.connector.connect());
        let (client, driver) = match connecting.await {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Left::Broken(error.into()),
            Err(_) => return Left::Broken(Error::Silence),
        };
        let (sender, notifications) = unbounded_channel();
        let driving = tokio::spawn(drive(driver, sender));
        let left = self.serve(&client, notifications).await;
        driving.abort();
        left
    }

    async fn serve(
        &mut self,
        client: &Client,
        mut notifications: UnboundedReceiver<Notification>,
    ) -> Left {
        if let Err(error) = self.begin(client).await {
            return Left::Broken(error);
        }
        let notifier = self.parts.notifier.clone();
        notifier.is_listening.store(true, Ordering::Relaxed);
        let mut next_check = Instant::now() + self.parts.check_interval;
        let mut next_send = Instant::now();
        let mut has_pending = true;
        loop {
            if notifier.is_closing.load(Ordering::Relaxed) {
                // What cannot be told any more is found by the others.
                let _ = self.tell(client).await;
                return Left::Closing;
            }
            let suspicion = self.suspects.as_ref().map(|(end, _)| *end);
            tokio::select! {
                heard = notifications.recv() => match heard {
                    Some(notification) => self.hear(&notification),
                    None => return Left::Broken(Error::Silence),
                },
                () = notifier.wake.notified() => has_pending = true,
                () = sleep_until(next_send), if has_pending => {
                    has_pending = false;
                    if let Err(error) = self.tell(client).await {
                        return Left::Broken(error);
                    }
                    next_send = Instant::now() + PACE;
                }
                () = sleep_until(suspicion.unwrap_or(next_check)), if suspicion.is_some() => self.convict(),
                () = sleep_until(next_check) => {
                    if let Err(error) = self.check(client).await {
                        return Left::Broken(error);
                    }
                    next_check = Instant::now() + self.parts.check_interval;
                }
            }
        }
    }

    /// Listens, and takes what was done until now as told: those who wait are told to look at everything.
    async fn begin(&mut self, client: &Client) -> Result<(), Error> {
        self.bounded(async {
            let statement_timeout = self.parts.timeout.as_millis();
            let (one, two) = PRESENCE;
            client
                .batch_execute(&format!(
                    "SET statement_timeout = {statement_timeout}; LISTEN {CHANNEL}; SELECT pg_advisory_lock_shared({one}, {two})"
                ))
                .await?;
            Ok(())
        })
        .await?;
        // Others who thought that they were alone begin to tell.
        self.has_others = true;
        let hello = Told {
            is_new: true,
            ..Told::default()
        };
        self.send(client, &hello).await?;
        self.told = self.counts(client).await?;
        self.has_others = self.count_others(client).await? > 0;
        self.suspects = None;
        tell(&*self.parts.signals, Signal::All);
        Ok(())
    }

    /// How many groups the writers of other processes have written.
    async fn counts(&self, client: &Client) -> Result<HashMap<WriterKey, i64>, Error> {
        self.bounded(async {
            let rows = client
                .query(
                    "SELECT instance, writer, groups FROM writers WHERE instance <> $1",
                    &[&self.parts.instance],
                )
                .await?;
            let counts = rows
                .iter()
                .map(|row| ((row.get(0), row.get(1)), row.get(2)))
                .collect();
            Ok(counts)
        })
        .await
    }

    fn hear(&mut self, notification: &Notification) {
        let Some((instance, told)) = payload::read(notification.payload()) else {
            tracing::debug!("a notification of another program was passed over");
            return;
        };
        if instance == self.parts.instance {
            return;
        }
        Counters::add(&self.parts.counters.notifications_received, 1);
        self.has_others |= told.is_new;
        for signal in told.signals {
            tell(&*self.parts.signals, signal);
        }
        for (writer, groups) in told.marks {
            let known = self.told.entry((instance, writer)).or_default();
            *known = groups.max(*known);
        }
    }

    async fn tell(&self, client: &Client) -> Result<(), Error> {
        let Some(told) = self.parts.notifier.pending.take() else {
            return Ok(());
        };
        if !self.has_others {
            // Who comes next finds it in the tables, and its writers' counts.
            return Ok(());
        }
        self.send(client, &told).await
    }

    async fn send(&self, client: &Client, told: &Told) -> Result<(), Error> {
        let payloads = payload::write(self.parts.instance, told);
        self.bounded(async {
            client
                .execute(
                    "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload",
                    &[&CHANNEL, &payloads],
                )
                .await?;
            Ok(())
        })
        .await?;
        Counters::add(&self.parts.counters.notifications_sent, payloads.len());
        Ok(())
    }

    /// How many other processes listen.
    async fn count_others(&self, client: &Client) -> Result<i64, Error> {
        self.bounded(async {
            let (one, two) = PRESENCE;
            let row = client
                .query_one(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND objid = $2::bigint::oid \
                     AND objsubid = 2 AND pid <> pg_backend_pid() \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                    &[&i64::from(one), &i64::from(two)],
                )
                .await?;
            Ok(row.get(0))
        })
        .await
    }

    /// Looks whether others went further than they told, and whether there are any.
    async fn check(&mut self, client: &Client) -> Result<(), Error> {
        self.has_others = self.count_others(client).await? > 0;
        if Instant::now() > self.next_sign {
            self.show_life(client).await?;
            self.next_sign = Instant::now() + SIGN_OF_LIFE;
        }
        let mut counts = self.counts(client).await?;
        counts.retain(|writer, groups| self.told.get(writer).is_none_or(|told| told < groups));
        if !counts.is_empty() && self.suspects.is_none() {
            // Their notifications may be under way.
            self.suspects = Some((Instant::now() + UNDER_WAY, counts));
        }
        Ok(())
    }

    async fn show_life(&self, client: &Client) -> Result<(), Error> {
        self.bounded(async {
            client
                .execute(
                    "UPDATE writers SET active_at = now() WHERE instance = $1",
                    &[&self.parts.instance],
                )
                .await?;
            Ok(())
        })
        .await
    }

    /// Tells everything when notifications did not come.
    fn convict(&mut self) {
        let Some((_, suspects)) = self.suspects.take() else {
            return;
        };
        let mut is_missed = false;
        for (writer, groups) in suspects {
            let told = self.told.entry(writer).or_default();
            if *told < groups {
                *told = groups;
                is_missed = true;
            }
        }
        if is_missed {
            Counters::add(&self.parts.counters.missed_notifications, 1);
            tell(&*self.parts.signals, Signal::All);
        }
    }

    async fn bounded<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        timeout(self.parts.timeout, work)
            .await
            .unwrap_or(Err(Error::Silence))
    }
}

/// Drives a connection and passes on what comes from other processes.
async fn drive(driver: Driver, sender: UnboundedSender<Notification>) {
    let mut driver = driver;
    loop {
        let message = poll_fn(|context| match &mut driver {
            Driver::Plain(connection) => connection.poll_message(context),
            Driver::Encrypted(connection) => connection.poll_message(context),
        })
        .await;
        match message {
            Some(Ok(AsyncMessage::Notification(notification))) => {
                if sender.send(notification).is_err() {
                    return;
                }
            }
            Some(Ok(_)) => {}
            // Its user finds out by its next statement, or by the end of the channel.
            Some(Err(_)) | None => return,
        }
    }
}

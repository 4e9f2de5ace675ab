//! Refreshes: single cases, and any interleaving of clients that keep to the rules, with and without a thief.

use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::account::AccountStatus;

const GRACE: Duration = Duration::from_mins(1);
const GRACE_MILLISECONDS: i64 = 60_000;
/// What the grace may be generous by.
const GENEROSITY: i64 = GRACE_MILLISECONDS / 16;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn session() -> Session {
    Session::new(
        SessionId::new(Uuid::from_u128(1)),
        UserId::new(Uuid::from_u128(2)),
        Some(" Mozilla/5.0\n (X11)  "),
        at(0),
        at(1_000_000_000),
    )
}

fn plan(session: &Session, generation: u64, now: i64) -> RefreshPlan {
    decide_refresh(session, AccountStatus::Active, generation, at(now), GRACE)
}

/// Presents a token and keeps what the store would write.
fn present(session: &mut Session, generation: u64, now: i64) -> Refresh {
    let plan = plan(session, generation, now);
    if let Some(after) = plan.write {
        *session = after;
    }
    plan.refresh
}

fn granted(generation: u64) -> Refresh {
    Refresh::Granted { generation }
}

#[test]
fn a_label_has_no_control_characters_and_a_bounded_length() {
    assert_eq!(session().label.as_deref(), Some("Mozilla/5.0 (X11)"));
    let id = session().id;
    let labelled = |label: &str| {
        let label = Some(label);
        Session::new(id, session().account, label, at(0), at(1)).label
    };
    assert_eq!(
        labelled(&"é".repeat(500)),
        Some("é".repeat(LABEL_CHARACTERS))
    );
    assert_eq!(labelled(" \n"), None);
}

#[test]
fn the_newest_token_gets_its_successor() {
    let mut session = session();
    for (generation, now) in (1..100).zip((0..).step_by(5_000)) {
        assert_eq!(
            present(&mut session, generation, now),
            granted(generation + 1)
        );
    }
    assert_eq!(session.generation, 100);
    assert!(session.presentations.len() <= 40);
}

#[test]
fn fifty_tabs_with_one_token_all_get_the_same_successor() {
    let mut session = session();
    for tab in 0..50 {
        assert_eq!(present(&mut session, 1, tab), granted(2));
    }
    assert_eq!(present(&mut session, 2, 50), granted(3));
}

#[test]
fn a_lost_answer_or_a_restored_browser_gets_the_same_successor_whenever_it_comes() {
    let mut session = session();
    present(&mut session, 1, 0);
    assert_eq!(present(&mut session, 1, 900_000_000), granted(2));
    assert_eq!(session.last_used_at, at(900_000_000));
}

#[test]
fn an_older_token_is_tolerated_for_the_grace_after_its_successor_was_presented() {
    let mut session = session();
    present(&mut session, 1, 0);
    present(&mut session, 2, 100_000);
    assert_eq!(present(&mut session, 1, 160_000), granted(3));
    let reused = plan(&session, 1, 160_001);
    assert_eq!(
        reused.refresh,
        Refresh::Refused(RefreshRefusal::TokenReused)
    );
    assert!(reused.is_theft);
    let after = reused.write.unwrap();
    assert_eq!(after.ended, Some((at(160_001), SessionEnd::TokenReused)));
    let ended = Refresh::Refused(RefreshRefusal::Ended(SessionEnd::TokenReused));
    assert_eq!(plan(&after, 3, 160_002).refresh, ended);
    assert!(!plan(&after, 1, 160_002).is_theft);
}

#[test]
fn a_token_far_behind_is_tolerated_only_while_its_own_successor_is_recent() {
    let mut session = session();
    for (generation, now) in [(1, 0), (2, 10_000), (3, 50_000), (4, 90_000)] {
        present(&mut session, generation, now);
    }
    assert_eq!(plan(&session, 2, 100_000).refresh, granted(5));
    assert!(plan(&session, 1, 100_000).is_theft);
}

#[test]
fn an_expired_session_and_a_disabled_account_are_refused_and_nothing_is_written() {
    let session = session();
    let expired = plan(&session, 1, 1_000_000_000);
    assert_eq!(expired.refresh, Refresh::Refused(RefreshRefusal::Expired));
    let disabled = decide_refresh(&session, AccountStatus::Disabled, 1, at(1), GRACE);
    assert_eq!(
        disabled.refresh,
        Refresh::Refused(RefreshRefusal::AccountDisabled)
    );
    assert_eq!((expired.write, disabled.write), (None, None));
}

#[test]
fn a_genuine_token_that_a_restored_store_does_not_know_goes_on() {
    let mut session = session();
    assert_eq!(present(&mut session, 7, 5), granted(8));
    assert_eq!(present(&mut session, 8, 6), granted(9));
}

#[test]
fn presentations_read_as_they_are_written() {
    let mut session = session();
    for generation in 1..5 {
        present(
            &mut session,
            generation,
            i64::try_from(generation).unwrap() * 9_000,
        );
    }
    let text = session.presentations.to_string();
    assert_eq!(text, "1:9000 2:18000 3:27000 4:36000");
    assert_eq!(text.parse(), Ok(session.presentations));
    assert_eq!("".parse(), Ok(Presentations::default()));
    for bad in ["1", "1:", ":1", "1:2,2:3", "2:1 1:2", "1:1 1:2", "1:-1"] {
        assert_eq!(
            bad.parse::<Presentations>(),
            Err(InvalidPresentations),
            "{bad}"
        );
    }
}

/// What happens in one step of an interleaving.
#[derive(Debug, Clone)]
enum Step {
    /// A tab of the browser refreshes with the cookie that the browser has now.
    Send,
    /// An answer that is under way arrives: the browser keeps the newest cookie.
    Arrive(usize),
    /// An answer that is under way is lost.
    Lose(usize),
    /// The browser is started again with the cookie that it saved last.
    Restore,
    /// The browser saves its cookies.
    Save,
    /// Time passes, in milliseconds.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Send),
        4 => (0_usize..8).prop_map(Step::Arrive),
        1 => (0_usize..8).prop_map(Step::Lose),
        1 => Just(Step::Restore),
        2 => Just(Step::Save),
        3 => (0_i64..30_000).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..200)
}

/// A browser that shares one cookie between its tabs.
struct Browser {
    session: Session,
    now: i64,
    cookie: u64,
    saved: u64,
    /// Answers under way.
    answers: Vec<u64>,
    /// When each generation was first presented.
    first_presented: Vec<(u64, i64)>,
}

impl Browser {
    fn new() -> Self {
        Self {
            session: session(),
            now: 0,
            cookie: 1,
            saved: 1,
            answers: Vec::new(),
            first_presented: Vec::new(),
        }
    }

    /// Inside the rules: the successor was never presented, or at most the grace ago.
    fn is_inside_the_rules(&self, generation: u64) -> bool {
        self.successor_presented_at(generation)
            .is_none_or(|then| self.now - then <= GRACE_MILLISECONDS)
    }

    /// When a generation above this one was first presented.
    fn successor_presented_at(&self, generation: u64) -> Option<i64> {
        let mut above = self.first_presented.iter();
        above
            .find(|(other, _)| *other > generation)
            .map(|(_, then)| *then)
    }

    fn send(&mut self) -> Refresh {
        let generation = self.cookie;
        if !self
            .first_presented
            .iter()
            .any(|(known, _)| *known == generation)
        {
            self.first_presented.push((generation, self.now));
            self.first_presented.sort_unstable();
        }
        present(&mut self.session, generation, self.now)
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Send => {
                let is_inside = self.is_inside_the_rules(self.cookie);
                match self.send() {
                    Refresh::Granted { generation } => self.answers.push(generation),
                    Refresh::Refused(refusal) => {
                        prop_assert!(!is_inside, "{refusal} at {}", self.now);
                    }
                }
            }
            Step::Arrive(index) if !self.answers.is_empty() => {
                let answer = self.answers.remove(index % self.answers.len());
                // Whatever arrives last is what the browser keeps.
                self.cookie = answer;
            }
            Step::Lose(index) if !self.answers.is_empty() => {
                self.answers.remove(index % self.answers.len());
            }
            Step::Restore => {
                self.cookie = self.saved;
                self.answers.clear();
            }
            Step::Save => self.saved = self.cookie,
            Step::Wait(time) => self.now += time,
            Step::Arrive(_) | Step::Lose(_) => {}
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// As long as every cookie that is sent is inside the rules, the session lives, whatever happens to the answers.
    #[test]
    fn nobody_who_keeps_to_the_rules_is_signed_out(steps in steps()) {
        let mut browser = Browser::new();
        for step in steps {
            if matches!(step, Step::Send) && !browser.is_inside_the_rules(browser.cookie) {
                // Such a cookie would be taken for a thief's; this test is about all others.
                continue;
            }
            browser.step(&step)?;
            prop_assert!(browser.session.is_live(at(browser.now)));
            prop_assert_eq!(browser.session.generation, browser.session.presentations.confirmed() + 1);
            prop_assert!(browser.session.presentations.len() <= 40);
            let text = browser.session.presentations.to_string();
            prop_assert_eq!(text.parse::<Presentations>(), Ok(browser.session.presentations.clone()));
        }
    }

    /// A thief copies a cookie at some time and uses it later: when its successor was used longer ago than the grace, the family ends.
    #[test]
    fn a_stolen_token_whose_successor_was_used_before_the_grace_ends_the_family(
        steps in steps(), theft in 0_usize..200, wait in 0_i64..300_000,
    ) {
        let mut browser = Browser::new();
        let mut stolen = 1;
        for (index, step) in steps.iter().enumerate() {
            if index == theft {
                stolen = browser.cookie;
            }
            if matches!(step, Step::Send) && !browser.is_inside_the_rules(browser.cookie) {
                continue;
            }
            browser.step(step)?;
        }
        browser.now += wait;
        let then = browser.successor_presented_at(stolen);
        let is_outside = then
            .is_some_and(|then| browser.now - then > GRACE_MILLISECONDS + GENEROSITY);
        let plan = plan(&browser.session, stolen, browser.now);
        if is_outside {
            prop_assert!(plan.is_theft);
            let ended = plan.write.unwrap();
            prop_assert!(!ended.is_live(at(browser.now)));
            for generation in 1..=ended.generation {
                prop_assert!(matches!(
                    decide_refresh(&ended, AccountStatus::Active, generation, at(browser.now), GRACE).refresh,
                    Refresh::Refused(RefreshRefusal::Ended(SessionEnd::TokenReused))
                ));
            }
        } else if browser.is_inside_the_rules(stolen) {
            prop_assert!(!plan.is_theft);
        }
    }
}

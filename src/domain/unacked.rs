//! The state machine of a write to the PAM that has no answer (P1, P3).
//!
//! ```text
//!              announced before the POST, or sent and not answered
//!   (none) ────────────────────────────────────────────────────────► Open ◄──┐ sent and not answered again:
//!     ▲                                                              │  │    │ the window begins again
//!     │  the only try was answered or refused                        │  └────┘
//!     ├──────────────────────────────────────────────────────────────┘  │
//!     │                                                    90 s after it │
//!     │  the newest state is sent again and answered                    ▼
//!     └────────────────────────────────────────────────────────────  Elapsed
//! ```
//!
//! While the window is open, the PAM may still execute the write, and so overwrite what the operator has sent in the
//! meantime. An answer to a later try does not close the window, since the earlier try can still arrive. A write that an
//! earlier process may have sent without recording it ([`WriteAction::Unrecorded`]) has no window: the list tells whether
//! it was executed.

use std::time::Duration;

use jiff::Timestamp;

/// How long the PAM may still execute a write that it did not answer (API 8: its gateway gives up after 60 s, the servers
/// behind the gateway may not).
pub const SETTLE: Duration = Duration::from_secs(90);

/// What a write was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteAction {
    /// Create a record.
    Create,
    /// Give our identifier to a record that has another identifier or another account.
    TakeOver,
    /// Update a record, ours or one that was there before.
    Update,
    /// Enable a record.
    Enable,
    /// Disable a record.
    Disable,
    /// Unknown: an earlier process may have sent a write and ended before it recorded the write.
    Unrecorded,
}

impl WriteAction {
    /// Whether the write changes fields of a record.
    #[must_use]
    pub const fn sends_fields(self) -> bool {
        matches!(self, Self::Create | Self::TakeOver | Self::Update)
    }
}

/// One write without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnackedWrite {
    /// What the write was to do.
    pub action: WriteAction,
    /// The identifier that the write carried.
    pub identifier: String,
    /// Keyed digest of the account that the write was for; `None` where the username was not known.
    pub account: Option<String>,
    /// Where the PAM was: scheme, host, port and path.
    pub origin: String,
    /// The identifier that the record had before, where the write replaces another one.
    pub former: Option<String>,
    /// When the write was announced, or found to have no answer.
    pub since: Timestamp,
    /// Whether the write carried a value.
    pub value: bool,
}

/// How a write without an answer can still affect the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SettleWindow {
    /// There is no such write.
    #[default]
    Closed,
    /// The PAM may still execute the write.
    Open,
    /// The PAM executed the write, or never will: the newest state has to be sent again.
    Elapsed {
        /// Whether the write carried a value.
        value: bool,
    },
}

/// Returns the first whole second that is not before a time: the status keeps whole seconds, and a settle window must
/// not end too early, nor end and open again.
#[must_use]
pub fn whole_second(time: Timestamp) -> Timestamp {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    if whole < time { whole.checked_add(Duration::from_secs(1)).unwrap_or(time) } else { whole }
}

/// Returns how long the PAM may still execute a write that was announced, or found to have no answer, at `since`.
#[must_use]
pub fn settle_left(since: Timestamp, now: Timestamp) -> Option<Duration> {
    // A clock that was set back must not make the window longer.
    let passed = now.duration_since(since).unsigned_abs();
    SETTLE.checked_sub(passed).filter(|left| !left.is_zero())
}

impl UnackedWrite {
    /// Returns the state of the settle window at `now`.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> SettleWindow {
        match self.left(now) {
            Some(_) => SettleWindow::Open,
            // An enabled or disabled record has no older fields that could come back, and an unrecorded write no window.
            None if !self.action.sends_fields() => SettleWindow::Closed,
            None => SettleWindow::Elapsed { value: self.value },
        }
    }

    /// Returns how long the settle window stays open.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        settle_left(self.since, now).filter(|_| self.action != WriteAction::Unrecorded)
    }

    /// Combines `earlier`, which still has no answer, with this newer write. The result carries a value if either did. Of a
    /// write for the same record, the earlier action stays: only that action tells whose the record is.
    #[must_use]
    pub fn after(self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        let value = self.value || earlier.value;
        let tells_owner = matches!(earlier.action, WriteAction::Create | WriteAction::TakeOver);
        if tells_owner && self.action.sends_fields() && self.is_for_same_record(&earlier) {
            return Self { since: self.since, value, ..earlier };
        }
        let keeps_fields = earlier.action.sends_fields() && !self.action.sends_fields();
        let action = if keeps_fields { earlier.action } else { self.action };
        Self { action, value, ..self }
    }

    /// Returns what is left of this write once a later try was answered.
    #[must_use]
    pub fn after_answer(self, now: Timestamp) -> Option<Self> {
        (self.window(now) == SettleWindow::Open).then_some(self)
    }

    fn is_for_same_record(&self, other: &Self) -> bool {
        (&self.identifier, &self.account, &self.origin) == (&other.identifier, &other.account, &other.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(action: WriteAction, at: i64, value: bool) -> UnackedWrite {
        UnackedWrite {
            action,
            identifier: "i".to_owned(),
            account: Some("a".to_owned()),
            origin: "https://pam".to_owned(),
            former: None,
            since: Timestamp::from_second(at).unwrap(),
            value,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const ALL: [WriteAction; 6] = [
        WriteAction::Create,
        WriteAction::TakeOver,
        WriteAction::Update,
        WriteAction::Enable,
        WriteAction::Disable,
        WriteAction::Unrecorded,
    ];

    #[test]
    fn p3_the_window_is_open_for_ninety_seconds_whatever_the_clock_does() {
        for action in ALL {
            let open = action != WriteAction::Unrecorded;
            for value in [false, true] {
                let write = write(action, 1_000, value);
                for second in [1_000, 1_089, 911] {
                    assert_eq!(write.window(at(second)) == SettleWindow::Open, open, "{action:?} at {second}");
                    assert_eq!(write.left(at(second)).is_some(), open);
                }
                let over = if action.sends_fields() { SettleWindow::Elapsed { value } } else { SettleWindow::Closed };
                for second in [1_090, 5_000, 910] {
                    assert_eq!(write.window(at(second)), over, "{action:?} at {second}");
                    assert_eq!(write.left(at(second)), None);
                }
            }
        }
        assert_eq!(write(WriteAction::Update, 1_000, true).left(at(1_030)), Some(Duration::from_mins(1)));
    }

    #[test]
    fn p3_two_writes_without_an_answer_keep_the_later_time_and_any_value() {
        for (earlier, newer) in ALL.into_iter().flat_map(|one| ALL.map(|other| (one, other))) {
            for (had, has) in [(false, false), (false, true), (true, false), (true, true)] {
                let both = write(newer, 20, has).after(Some(write(earlier, 10, had)));
                assert_eq!((both.value, both.since), (had || has, at(20)));
                let sends = earlier.sends_fields() || newer.sends_fields();
                assert_eq!(both.action.sends_fields(), sends, "{earlier:?} then {newer:?}");
                assert_eq!(write(newer, 20, has).after(None), write(newer, 20, has));
            }
        }
    }

    #[test]
    fn p4_the_action_that_tells_whose_the_record_is_stays_for_that_record_only() {
        let created = || Some(write(WriteAction::Create, 10, true));
        assert_eq!(write(WriteAction::Update, 20, false).after(created()).action, WriteAction::Create);
        let elsewhere = [
            UnackedWrite { identifier: "j".to_owned(), ..write(WriteAction::Update, 20, false) },
            UnackedWrite { account: Some("b".to_owned()), ..write(WriteAction::Update, 20, false) },
            UnackedWrite { origin: "https://other".to_owned(), ..write(WriteAction::Update, 20, false) },
        ];
        for other in elsewhere {
            assert_eq!(other.clone().after(created()), UnackedWrite { value: true, ..other });
        }
        let taken = UnackedWrite { former: Some("f".to_owned()), ..write(WriteAction::TakeOver, 10, false) };
        let both = write(WriteAction::Create, 20, false).after(Some(taken));
        assert_eq!((both.action, both.former.as_deref()), (WriteAction::TakeOver, Some("f")));
    }

    #[test]
    fn p3_an_answer_leaves_a_write_alone_while_the_pam_may_still_execute_it() {
        for action in ALL {
            let write = write(action, 1_000, true);
            let open = (action != WriteAction::Unrecorded).then(|| write.clone());
            assert_eq!(write.clone().after_answer(at(1_010)), open);
            assert_eq!(write.after_answer(at(1_090)), None);
        }
    }

    #[test]
    fn p3_a_settle_window_that_is_read_from_the_status_is_the_one_that_was_written() {
        for (milliseconds, expected) in
            [(1_000_000, 1_000), (1_000_001, 1_001), (1_000_999, 1_001), (-1, 0), (-1_000, -1)]
        {
            let time = Timestamp::from_millisecond(milliseconds).unwrap();
            assert_eq!(whole_second(time), at(expected), "{milliseconds}");
        }
    }
}

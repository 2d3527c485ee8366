//! Faults on request: which calls they hit, and how often.

mod effect;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Kind};

pub use effect::{Effect, Phase, Shape};

/// A fault and the calls it hits. Among several that fit, the one injected first wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The kind of calls; absent: all kinds, the token call included.
    #[serde(default)]
    pub on: Option<Kind>,
    /// Only POSTs whose body has this identifier, or calls whose path names it; absent: all.
    #[serde(default)]
    pub only: Option<String>,
    /// Only calls whose body carries this text, as it came or decoded; absent: all.
    #[serde(default)]
    pub carrying: Option<String>,
    /// How many fitting calls pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many calls it then hits; absent in Rust: until cleared. In JSON: 1 when left out, null for ever.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// Before or after the execution; see [`Effect`].
    #[serde(default)]
    pub phase: Phase,
    /// What goes wrong.
    pub effect: Effect,
}

#[allow(clippy::unnecessary_wraps, reason = "the field that this is the default of is optional")]
const fn once() -> Option<u32> {
    Some(1)
}

impl Fault {
    /// Hits the next call of this kind, before it is executed.
    #[must_use]
    pub fn on(kind: Kind, effect: Effect) -> Self {
        Self { on: Some(kind), ..Self::any(effect) }
    }

    /// Hits the next call of any kind, before it is executed.
    #[must_use]
    pub const fn any(effect: Effect) -> Self {
        Self { on: None, only: None, carrying: None, skip: 0, times: Some(1), phase: Phase::BeforeCommit, effect }
    }

    /// Turns away every call whose body carries this text, as a web application firewall in front of the PAM would.
    #[must_use]
    pub fn firewall(text: &str) -> Self {
        Self::any(Effect::Firewall).carrying(text).always()
    }

    /// Lets the call be executed first.
    #[must_use]
    pub fn after_commit(mut self) -> Self {
        self.phase = Phase::AfterCommit;
        self
    }

    /// Hits so many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits every fitting call until it is cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Lets so many fitting calls pass first.
    #[must_use]
    pub fn skipping(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Hits only calls about this identifier (in the body) or record (in the path).
    #[must_use]
    pub fn only(mut self, target: &str) -> Self {
        self.only = Some(target.to_owned());
        self
    }

    /// Hits only calls whose body carries this text.
    #[must_use]
    pub fn carrying(mut self, text: &str) -> Self {
        self.carrying = Some(text.to_owned());
        self
    }

    fn fits(&self, call: &Call) -> bool {
        self.on.is_none_or(|on| on == call.route.kind())
            && self.only.as_deref().is_none_or(|only| call.target() == Some(only))
            && self.carrying.as_deref().is_none_or(|text| call.carries(text))
    }

    /// What the journal says about it.
    pub(crate) fn label(&self) -> String {
        let phase = match self.phase {
            _ if self.effect.edits_answer() => "",
            _ if matches!(self.effect, Effect::LateCommit(_) | Effect::HeldCommit | Effect::Suspend) => "",
            Phase::BeforeCommit => " before commit",
            Phase::AfterCommit => " after commit",
        };
        format!("{}{phase}", self.effect.name())
    }
}

/// The handle of an injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultId(pub(crate) u64);

/// The faults that wait for their calls.
#[derive(Default)]
pub(crate) struct Faults {
    waiting: Vec<(FaultId, Fault)>,
    last: u64,
}

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) -> FaultId {
        self.last += 1;
        self.waiting.push((FaultId(self.last), fault));
        FaultId(self.last)
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn remove(&mut self, id: FaultId) {
        self.waiting.retain(|(waiting, _)| *waiting != id);
    }

    pub(crate) fn waiting(&self) -> &[(FaultId, Fault)] {
        &self.waiting
    }

    /// The fault that hits this call, if any; counts it as used.
    pub(crate) fn take(&mut self, call: &Call) -> Option<Fault> {
        let mut hit = None;
        for (id, fault) in self.waiting.iter_mut().filter(|(_, fault)| fault.fits(call)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            hit = Some((*id, fault.clone()));
            break;
        }
        let (id, fault) = hit?;
        if fault.times == Some(0) {
            self.remove(id);
        }
        Some(fault)
    }
}

//! What goes wrong with requests, on demand.

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is refused with this status, and changes nothing.
    Refused(u16),
    /// It is refused with 429, changes nothing, and the answer asks to wait so many seconds.
    Throttled(u32),
    /// It is done, and the answer is this status.
    DoneAndRefused(u16),
    /// The connection breaks before it is done.
    Lost,
    /// It is done, and the connection breaks before the answer.
    DoneAndLost,
    /// It is done, and no answer ever comes.
    DoneAndSilent,
}

impl Effect {
    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::DoneAndRefused(_) | Self::DoneAndLost | Self::DoneAndSilent)
    }
}

/// An effect and the requests that it hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) verb: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) name: Option<String>,
    pub(crate) times: Option<u32>,
    pub(crate) effect: Effect,
}

impl Fault {
    /// Hits the next request with this verb on this resource, such as `patch` on `pamcredentials/status`.
    #[must_use]
    pub const fn on(verb: &'static str, resource: &'static str, effect: Effect) -> Self {
        Self { verb, resource, name: None, times: Some(1), effect }
    }

    /// Hits only requests about this object.
    #[must_use]
    pub fn only(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Hits so many requests.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits every fitting request until faults are cleared.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.times = None;
        self
    }

    fn fits(&self, verb: &str, resource: &str, name: &str) -> bool {
        self.verb == verb && self.resource == resource && self.name.as_ref().is_none_or(|only| only == name)
    }
}

/// The effect that hits a request, if any; counts it as used.
pub(crate) fn take(faults: &mut Vec<Fault>, verb: &str, resource: &str, name: &str) -> Option<Effect> {
    let place = faults.iter().position(|fault| fault.fits(verb, resource, name))?;
    let fault = &mut faults[place];
    if let Some(times) = &mut fault.times {
        *times = times.saturating_sub(1);
    }
    let effect = fault.effect;
    if fault.times == Some(0) {
        faults.remove(place);
    }
    Some(effect)
}

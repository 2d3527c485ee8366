//! What a check says: one line.

use serde::Serialize;

/// How a check ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    /// It is as it should be.
    #[serde(rename = "ok")]
    Ok,
    /// The check could not be made, or something wants looking at.
    #[serde(rename = "warn")]
    Warn,
    /// It is not as it should be.
    #[serde(rename = "FAIL")]
    Fail,
}

impl Verdict {
    /// Returns the word of the text, which is that of the JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// What one check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Line {
    /// What was looked at: `cluster`, `operator`, or a connection such as `clusterpamconn/default`.
    pub group: String,
    /// The name of the check.
    pub check: &'static str,
    /// How the check ends: `ok`, `warn` or `FAIL`.
    pub verdict: Verdict,
    /// What was found.
    pub what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what_to_do: Option<String>,
}

/// The lines of one group, while they are made.
#[derive(Debug)]
pub struct Lines {
    group: String,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Lines {
    /// Returns no lines of a group yet.
    pub fn of(group: impl Into<String>) -> Self {
        Self { group: group.into(), lines: Vec::new() }
    }

    /// Says that something is as it should be.
    pub fn ok(&mut self, check: &'static str, what: impl Into<String>) {
        self.push(check, Verdict::Ok, what.into(), None);
    }

    /// Says that something wants looking at, or could not be checked.
    pub fn warn(&mut self, check: &'static str, what: impl Into<String>, what_to_do: impl Into<String>) {
        self.push(check, Verdict::Warn, what.into(), Some(what_to_do.into()));
    }

    /// Says that something is not as it should be.
    pub fn fail(&mut self, check: &'static str, what: impl Into<String>, what_to_do: impl Into<String>) {
        self.push(check, Verdict::Fail, what.into(), Some(what_to_do.into()));
    }

    /// Says a message that has what to do after its first colon, as those of the PAM client have.
    pub fn tell(&mut self, check: &'static str, verdict: Verdict, message: &str) {
        let (what, to_do) = match message.split_once(": ") {
            Some((what, to_do)) => (what.to_owned(), Some(to_do.to_owned())),
            None => (message.to_owned(), None),
        };
        self.push(check, verdict, what, to_do);
    }

    fn push(&mut self, check: &'static str, verdict: Verdict, what: String, what_to_do: Option<String>) {
        let what_to_do = what_to_do.filter(|words| !words.is_empty());
        self.lines.push(Line { group: self.group.clone(), check, verdict, what, what_to_do });
    }
}

//! `kubectl pam explain`: what a reason of STATUS or a code of the PAM means, and what to do.

use clap::Args;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::manual::{self, CodeRow, ReasonRow};
use crate::output::{Answer, Cell, OutputArgs, Row, Table, print};

/// Say what a STATUS, or a four-digit code of the PAM, means and what to do about it
#[derive(Args, Clone, Debug)]
#[command(after_help = "Without an argument, all reasons are listed.")]
pub struct ExplainArgs {
    /// A reason, such as `RecordConflict`, or a code, such as 1011
    #[arg(id = "reason_or_code", value_name = "REASON|CODE")]
    what: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// One explanation.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Explanation {
    /// Of a reason.
    Reason(ReasonRow),
    /// Of a code.
    Code(CodeRow),
}

/// The explanations that were asked for.
struct Explanations {
    items: Vec<Explanation>,
    /// All of them: one line each.
    is_list: bool,
}

/// Prints the explanation.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let items = match args.what.as_deref() {
        None => manual::reasons().into_iter().map(Explanation::Reason).collect(),
        Some(what) => explain(what)?,
    };
    print(args.output, &Explanations { items, is_list: args.what.is_none() })
}

fn explain(what: &str) -> Result<Vec<Explanation>, Failure> {
    if let Ok(number) = what.parse() {
        return Ok(manual::code(number).into_iter().map(Explanation::Code).collect());
    }
    let row = manual::reason(what).ok_or_else(|| {
        let known = manual::reasons().into_iter().map(|row| row.reason).collect::<Vec<_>>().join(", ");
        Failure::new(Exit::Usage, format!("{what} is no reason and no code: give a number, or one of {known}"))
    })?;
    Ok(vec![Explanation::Reason(row)])
}

impl Answer for Explanations {
    type Item = Explanation;

    const KIND: &'static str = "ExplanationList";

    fn table(&self, _wide: bool) -> Table {
        let mut table = Table::new(["STATUS", "MEANS"]);
        for item in &self.items {
            table.push(row(item, self.is_list));
        }
        table
    }

    fn items(&self) -> &[Explanation] {
        &self.items
    }

    fn names(&self) -> Vec<String> {
        let name = |item: &Explanation| match item {
            Explanation::Reason(row) => row.reason.clone(),
            Explanation::Code(row) => row.code.to_string(),
        };
        self.items.iter().map(name).collect()
    }
}

fn row(item: &Explanation, is_list: bool) -> Row {
    match item {
        Explanation::Reason(reason) => {
            let row = Row::new([reason.reason.as_str(), reason.means.as_str()].map(Cell::from));
            if is_list {
                return row;
            }
            row.note(format!("→ {}", reason.what_to_do)).note(format!("tried again: {}", reason.tried_again))
        }
        Explanation::Code(code) => {
            let row = Row::new([code.reason.as_str(), code.message.as_str()].map(Cell::from));
            let row = row.note(format!("code {}, versions: {}", code.code, code.versions));
            let row = match code.fields.as_slice() {
                [] => row,
                fields => row.note(format!("about {}", fields.join(", "))),
            };
            row.note(format!("tried again: {}", code.tried_again))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(what: &str) -> String {
        let items = explain(what).unwrap();
        Explanations { items, is_list: false }.table(false).text(true)
    }

    #[test]
    fn a_reason_is_explained_with_what_to_do() {
        let text = text("DeviceNotFound");
        assert!(text.contains("    → register the device in the PAM, or correct the two fields\n"), "{text}");
        assert!(text.contains("    tried again: by itself, after 1 s to 5 min\n"), "{text}");
    }

    #[test]
    fn a_code_is_explained_with_its_reason_and_its_fields() {
        let text = text("1029");
        for words in ["PamRejected", "correct the device's domains", "about spec.device.domains", "code 1029"] {
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_a_mistake_of_the_command_line_that_names_the_reasons() {
        let failure = explain("Sync").unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("Synced") && failure.message.contains("DeletionBlocked"), "{failure}");
    }

    #[test]
    fn json_holds_what_the_text_shows() {
        let items = explain("1029").unwrap();
        let json = serde_json::to_value(&items).unwrap();
        assert_eq!(json[0]["code"], 1029);
        assert_eq!(json[0]["fields"][0], "spec.device.domains");
        for key in ["versions", "reason", "triedAgain", "message"] {
            assert!(json[0][key].is_string(), "{json}");
        }
    }
}

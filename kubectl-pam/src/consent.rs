//! Asks before something is done: what it is done to is shown first, and what cannot be undone wants a typed count or name.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use crate::exit::{Exit, Failure};
use crate::output::note;

/// How many of the items are shown.
const SHOWN: usize = 10;

/// The answer that was given in advance.
#[derive(Args, Clone, Debug, Default)]
pub struct YesArgs {
    /// Do not ask. Where a count or a name has to be typed, give it: --yes=COUNT
    #[arg(short = 'y', long = "yes", value_name = "COUNT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    yes: Option<String>,
}

impl YesArgs {
    /// Tells whether the user gave an answer in advance.
    pub const fn is_given(&self) -> bool {
        self.yes.is_some()
    }
}

/// What the user is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What would be done, as in "Push 3 objects".
    pub what: &'a str,
    /// What it would be done to, one line each.
    pub items: &'a [String],
    /// What the user has to type. `None`: a yes is enough.
    pub typed: Option<&'a str>,
}

/// What comes of the answer that was given in advance.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Go,
    Ask,
    Refuse(String),
}

/// Shows what would be done, and returns if the user wants it.
pub fn confirm(args: &YesArgs, question: Question<'_>) -> Result<(), Failure> {
    note(&shown(question));
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    match next(args.yes.as_deref(), question, terminal) {
        Next::Go => Ok(()),
        Next::Refuse(why) => Err(Failure::new(Exit::NotConfirmed, why)),
        Next::Ask => ask(question),
    }
}

fn next(yes: Option<&str>, question: Question<'_>, terminal: bool) -> Next {
    let count = question.items.len().to_string();
    let expected = question.typed.unwrap_or(&count);
    match yes {
        Some("") if question.typed.is_none() => Next::Go,
        Some(given) if given == expected => Next::Go,
        Some("") | None if terminal => Next::Ask,
        Some("") | None => Next::Refuse(match question.typed {
            Some(typed) => {
                format!("not confirmed, and nothing was done: there is no terminal to ask at; give --yes={typed}")
            }
            None => "not confirmed, and nothing was done: there is no terminal to ask at; give --yes".to_owned(),
        }),
        Some(given) => Next::Refuse(format!("nothing was done: --yes={given} was given, and it is {expected}")),
    }
}

fn ask(question: Question<'_>) -> Result<(), Failure> {
    let prompt = match question.typed {
        Some(typed) => format!("Type {typed} to go on: "),
        None => "Go on? [y/N] ".to_owned(),
    };
    let mut err = anstream::stderr();
    let _ = err.write_all(prompt.as_bytes()).and_then(|()| err.flush());
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if is_yes(line.trim(), question.typed) {
        Ok(())
    } else {
        Err(Failure::new(Exit::NotConfirmed, "not confirmed, and nothing was done"))
    }
}

fn is_yes(line: &str, typed: Option<&str>) -> bool {
    match typed {
        Some(typed) => line == typed,
        None => ["y", "yes"].iter().any(|yes| line.eq_ignore_ascii_case(yes)),
    }
}

fn shown(question: Question<'_>) -> String {
    let mut text = format!("{}:", question.what);
    for item in question.items.iter().take(SHOWN) {
        text.push_str("\n  ");
        text.push_str(item);
    }
    match question.items.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text}\n  and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("credential {at}")).collect()
    }

    fn question<'a>(items: &'a [String], typed: Option<&'a str>) -> Question<'a> {
        Question { what: "Push 3 values", items, typed }
    }

    #[test]
    fn a_plain_yes_is_enough_where_nothing_has_to_be_typed() {
        let items = items(3);
        let plain = question(&items, None);
        for terminal in [false, true] {
            assert_eq!(next(Some(""), plain, terminal), Next::Go);
            assert_eq!(next(Some("3"), plain, terminal), Next::Go);
            assert!(matches!(next(Some("4"), plain, terminal), Next::Refuse(_)));
        }
        assert_eq!(next(None, plain, true), Next::Ask);
        assert!(matches!(next(None, plain, false), Next::Refuse(_)));
    }

    #[test]
    fn what_has_to_be_typed_is_typed_at_the_terminal_or_given_exactly() {
        let items = items(3);
        let typed = question(&items, Some("3"));
        assert_eq!(next(Some("3"), typed, false), Next::Go);
        assert_eq!(next(Some(""), typed, true), Next::Ask, "--yes alone is not enough");
        assert_eq!(next(None, typed, true), Next::Ask);
        for yes in [Some(""), None, Some("2"), Some("03"), Some("y")] {
            assert!(matches!(next(yes, typed, false), Next::Refuse(_)), "{yes:?}");
        }
        let Next::Refuse(why) = next(None, typed, false) else { panic!("it is asked for") };
        assert!(why.contains("--yes=3"), "{why}");
    }

    #[test]
    fn the_first_items_are_shown_and_the_others_counted() {
        let many = items(250);
        let text = shown(question(&many, None));
        assert!(text.contains("credential 9\n  and 240 more") && !text.contains("credential 10"), "{text}");
        assert_eq!(shown(question(&many[..1], None)), "Push 3 values:\n  credential 0");
    }

    #[test]
    fn only_what_was_asked_for_is_a_yes() {
        assert!(is_yes("Y", None) && is_yes("yes", None) && !is_yes("", None) && !is_yes("yep", None));
        assert!(is_yes("3", Some("3")) && !is_yes("y", Some("3")) && !is_yes("", Some("3")));
    }
}

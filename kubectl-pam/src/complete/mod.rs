//! Completion of what is typed after `kubectl pam`.
//!
//! kubectl starts the program `kubectl_complete-pam` for that, which is a link to this one: its arguments are the words after
//! the plugin's name, and the last one may be empty. What it prints is a candidate a line, with a tab before its help, and
//! last a number after a colon: 4 says that no files are meant. A failure prints no candidates and says nothing.
//!
//! Names of objects come from the cluster, within a second; the PAM is never asked.

mod candidate;
mod live;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use clap::Command;

use self::candidate::Candidate;
use self::words::{Meant, Word};
use crate::output::{clean, write_out};

/// Says that files are meant, too.
const FILES: u8 = 0;
/// Says that no files are meant.
const NO_FILES: u8 = 4;
/// How long the cluster may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints the candidates for the last of the words.
pub fn run(command: &Command, typed: &[String]) -> ExitCode {
    let word = words::at_end(command, typed);
    let directive = if matches!(word.meant, Meant::File) { FILES } else { NO_FILES };
    let text = print(candidates(&word), &word, directive);
    match write_out(&text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn candidates(word: &Word) -> Vec<Candidate> {
    match &word.meant {
        Meant::Known(candidates) => candidates.clone(),
        Meant::Live(source) => live::within(*source, &word.begun, &word.kube, PATIENCE),
        Meant::File | Meant::Free => Vec::new(),
    }
}

/// Returns the answer in the form that kubectl reads.
fn print(candidates: Vec<Candidate>, word: &Word, directive: u8) -> String {
    let meant = candidates.into_iter().filter(|candidate| candidate.word.starts_with(&word.begun));
    let line = |Candidate { word: found, help }: Candidate| {
        let found = clean(&found);
        let first = clean(help.lines().next().unwrap_or_default());
        if first.is_empty() { format!("{found}\n") } else { format!("{found}\t{first}\n") }
    };
    meant.map(line).collect::<String>() + &format!(":{directive}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    fn completed(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let word = words::at_end(&command(), &words);
        let directive = if matches!(word.meant, Meant::File) { FILES } else { NO_FILES };
        print(candidates(&word), &word, directive)
    }

    #[test]
    fn commands_are_offered_with_their_help_and_files_are_not() {
        let all = completed(&[""]);
        for line in ["status\tShow what", "plan\tShow what", "sync\tPush", "explain\tSay what", "version\tPrint"] {
            assert!(all.lines().any(|found| found.starts_with(line)), "{line}: {all}");
        }
        assert!(all.ends_with("\n:4\n"), "{all}");
        assert!(completed(&["sta"]).starts_with("status\t") && !completed(&["sta"]).contains("plan"));
    }

    #[test]
    fn flags_are_offered_those_of_kubectl_too() {
        let flags = completed(&["status", "--"]);
        for flag in ["--not-ready", "--all-namespaces", "--namespace", "--context", "--output"] {
            assert!(flags.lines().any(|line| line.split('\t').next() == Some(flag)), "{flag}: {flags}");
        }
        assert!(!flags.contains("--push-value"), "{flags}");
    }

    #[test]
    fn values_of_flags_are_offered_after_a_blank_and_after_an_equals_sign() {
        let forms =
            |text: &str| text.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(forms(&completed(&["status", "-o", ""])), ["wide", "json", "yaml", "name", ":4"]);
        assert_eq!(
            forms(&completed(&["status", "--output=j"])),
            ["json", ":4"],
            "kubectl's scripts put the flag before it"
        );
        assert_eq!(forms(&completed(&["status", "-o=j"])), ["json", ":4"]);
        assert_eq!(forms(&completed(&["--color", "a"])), ["auto", "always", ":4"]);
    }

    #[test]
    fn files_are_offered_where_a_file_is_meant() {
        assert_eq!(completed(&["plan", "-f", ""]), ":0\n");
        assert_eq!(completed(&["--kubeconfig", "x"]), ":0\n");
    }

    #[test]
    fn what_is_no_known_word_offers_nothing_and_fails_at_nothing() {
        for words in [&[][..], &["unheard", ""], &["version", ""], &["status", "--timeout", ""], &["--", ""]] {
            assert!(completed(words).ends_with(":4\n"), "{words:?}");
        }
        assert!(completed(&["explain", "Devic"]).starts_with("DeviceNotFound\t"));
    }
}

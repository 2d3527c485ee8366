//! What the last word of a command line may be, by the description of the command line.

use std::collections::BTreeMap;

use clap::{Arg, Command, ValueHint};

use super::candidate::Candidate;
use super::live::Source;
use crate::kubeconfig::KubeArgs;
use crate::manual;

/// The word that is typed.
#[derive(Debug)]
pub struct Word {
    /// The part of the word that candidates begin with: `j` of `--output=j`.
    pub begun: String,
    /// What may be meant.
    pub meant: Meant,
    /// Which cluster is meant, by the flags before.
    pub kube: KubeArgs,
}

/// What a word may be.
#[derive(Debug)]
pub enum Meant {
    /// One of these.
    Known(Vec<Candidate>),
    /// One of what the cluster or the kubeconfig has.
    Live(Source),
    /// A file.
    File,
    /// Anything.
    Free,
}

/// What the words before say.
struct Before<'a> {
    root: &'a Command,
    command: &'a Command,
    /// The flag that waits for its value.
    flag: Option<&'a Arg>,
    values: BTreeMap<String, String>,
    positional: usize,
}

/// Returns what the last word may be.
pub fn at_end(command: &Command, typed: &[String]) -> Word {
    let (last, before) = typed.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let mut read = Before { root: command, command, flag: None, values: BTreeMap::new(), positional: 0 };
    for word in before {
        read.take(word);
    }
    let kube = read.kube();
    let word = |begun: &str, meant| Word { begun: begun.to_owned(), meant, kube: kube.clone() };
    if let Some(flag) = read.flag {
        return word(last, value(flag));
    }
    match last.split_once('=') {
        // kubectl's scripts for all shells put the flag before what they are given.
        Some((flag, begun)) if flag.starts_with('-') => word(begun, read.find(flag).map_or(Meant::Free, value)),
        _ if last.starts_with('-') => word(last, Meant::Known(read.flags())),
        _ => word(last, read.position()),
    }
}

impl<'a> Before<'a> {
    fn take(&mut self, word: &str) {
        if let Some(flag) = self.flag.take() {
            self.values.insert(flag.get_id().to_string(), word.to_owned());
        } else if let Some((flag, value)) = word.split_once('=').filter(|(flag, _)| flag.starts_with('-')) {
            if let Some(flag) = self.find(flag) {
                self.values.insert(flag.get_id().to_string(), value.to_owned());
            }
        } else if word.starts_with('-') && word.len() > 1 {
            self.flag = self.find(word).filter(|flag| takes_value(flag));
        } else if let Some(command) = self.command.find_subcommand(word).filter(|_| self.positional == 0) {
            self.command = command;
        } else {
            self.positional += 1;
        }
    }

    /// Returns the flag of that spelling, of the command or of every command.
    fn find(&self, spelled: &str) -> Option<&'a Arg> {
        let is = |arg: &&Arg| match spelled.strip_prefix("--") {
            Some(long) => arg.get_long() == Some(long),
            None => spelled.chars().nth(1).is_some_and(|short| arg.get_short() == Some(short)),
        };
        self.args().find(is)
    }

    fn args(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        let of_all = self.root.get_arguments().filter(|arg| arg.is_global_set());
        self.command.get_arguments().chain(of_all)
    }

    fn flags(&self) -> Vec<Candidate> {
        let flag = |arg: &'a Arg| Some(Candidate::new(format!("--{}", arg.get_long()?), help(arg)));
        let mut flags: Vec<Candidate> = self.args().filter(|arg| !arg.is_hide_set()).filter_map(flag).collect();
        flags.push(Candidate::new("--help", "Print help"));
        flags
    }

    /// Returns what the next word may be that is no flag.
    fn position(&self) -> Meant {
        let commands = self.command.get_subcommands().filter(|command| !command.is_hide_set());
        let commands: Vec<Candidate> =
            commands.map(|command| Candidate::new(command.get_name(), about(command))).collect();
        if !commands.is_empty() {
            return Meant::Known(if self.positional == 0 { commands } else { Vec::new() });
        }
        let positionals: Vec<&Arg> = self.command.get_positionals().collect();
        let many = |arg: &&&Arg| arg.get_num_args().is_some_and(|count| count.max_values() > 1);
        let next = positionals.get(self.positional).or_else(|| positionals.last().filter(many));
        next.map_or(Meant::Free, |arg| value(arg))
    }

    fn kube(&self) -> KubeArgs {
        let value = |id: &str| self.values.get(id).cloned();
        KubeArgs {
            kubeconfig: value("kubeconfig").map(Into::into),
            context: value("context"),
            cluster: value("cluster"),
            user: value("user"),
            namespace: value("namespace"),
            as_user: value("as_user"),
            as_group: value("as_group").into_iter().collect(),
            as_uid: value("as_uid"),
            ..KubeArgs::default()
        }
    }
}

fn takes_value(arg: &Arg) -> bool {
    // A value that has to follow an equals sign is no word of its own.
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

/// Returns what the value of an argument may be.
fn value(arg: &Arg) -> Meant {
    if let Some(source) = Source::of(arg.get_id().as_str()) {
        return Meant::Live(source);
    }
    if arg.get_id() == "reason_or_code" {
        let reasons = manual::reasons().into_iter().map(|row| Candidate::new(row.reason, row.means));
        return Meant::Known(reasons.collect());
    }
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let candidate = |value: &clap::builder::PossibleValue| {
            Candidate::new(value.get_name(), value.get_help().map(ToString::to_string).unwrap_or_default())
        };
        return Meant::Known(possible.iter().filter(|value| !value.is_hide_set()).map(candidate).collect());
    }
    match arg.get_value_hint() {
        ValueHint::FilePath | ValueHint::AnyPath | ValueHint::DirPath => Meant::File,
        _ => Meant::Free,
    }
}

fn help(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

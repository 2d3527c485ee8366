//! Arrows between modules run one way: which part of the library may name which other part.

use crate::collect::Way;
use crate::finding::Finding;
use crate::names::{Mention, Names, Target};
use crate::tree::{Source, Tree};

/// The rooms of `controller`, from the top down. Rooms of one row never name each other. The room of a new kind is added to
/// the row of `credential`. `device` is planned and has no files yet: the room of the kind `PamDevice` (a device of the PAM).
const ROOMS: [&[&str]; 6] = [
    &["run"],
    &["controllers"],
    &["credential", "safe_password", "device"],
    &["connection"],
    &["secret"],
    &["runtime"],
];

/// The modules outside `controller` that a room may name.
const BELOW_CONTROLLER: [&str; 13] = [
    "domain",
    "api",
    "pam",
    "kubernetes",
    "secret",
    "message",
    "login",
    "clock",
    "config",
    "metrics",
    "leader",
    "permits",
    "probes",
];

/// Our kinds, which the machinery of any kind does not know; a new kind is added here. The last two are planned and have no
/// code yet; `PamSecret` is a value that is read from the PAM.
const KINDS: [&str; 6] =
    ["PamCredential", "ClusterPamConnection", "PamConnection", "MySafePassword", "PamDevice", "PamSecret"];

/// The crates that the pure core may name.
const PURE: [&str; 4] = ["std", "core", "alloc", "jiff"];

const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize",
];

/// Forbids the modules of one part to name another part.
struct Wall {
    of: &'static [&'static str],
    never: &'static [&'static [&'static str]],
    remedy: &'static str,
}

const WALLS: [Wall; 7] = [
    Wall {
        of: &["api"],
        never: &[
            &["controller"],
            &["pam"],
            &["config"],
            &["kubernetes"],
            &["secret"],
            &["message"],
            &["login"],
            &["domain", "laws"],
        ],
        remedy: "The kinds know nothing of what is done with them: move the thing into api, or the use of it out of api",
    },
    Wall {
        of: &["pam"],
        never: &[&["api"], &["controller"], &["kubernetes"], &["secret"], &["message"], &["login"]],
        remedy: "The client of the PAM knows no cluster: give it a type of its own, and translate in controller or login",
    },
    Wall {
        of: &["controller", "runtime"],
        never: &[&["pam"], &["secret"], &["message"], &["login"]],
        remedy: "The runtime serves any kind: take what it needs through a trait or a parameter",
    },
    Wall {
        of: &["kubernetes"],
        never: &[&["api"], &["domain"], &["pam"], &["controller"], &["secret"], &["message"], &["login"]],
        remedy: "Calls to the Kubernetes API know no kind of ours and no PAM: move the thing to what uses it",
    },
    Wall {
        of: &["secret"],
        never: &[&["pam"], &["controller"], &["message"], &["login"]],
        remedy: "A Secret is read for whatever needs it: hand in what it needs as a parameter",
    },
    Wall {
        of: &["message"],
        never: &[&["controller"], &["login"]],
        remedy: "Other programs say these sentences too: hand in what a sentence needs as a parameter",
    },
    Wall {
        of: &["login"],
        never: &[&["controller"]],
        remedy: "Other programs log in too: hand in what a login needs as a parameter",
    },
];

/// Finds files of `controller` that are in no room.
pub fn homeless(tree: &Tree) -> Vec<Finding> {
    let files = tree.files.iter().filter(|file| file.is_in(&["controller"]) && row(file).is_none());
    let lost = files.filter(|file| file.in_library() != Some(&["controller".to_owned()]) || !file.only_declares());
    lost.map(|file| Finding {
        file: file.path.clone(),
        line: 1,
        rule: "rooms",
        says: "the file is in no room of controller".to_owned(),
        remedy: "Move it into the room that it serves; a new room takes its place in ROOMS in tests/structure/rooms.rs",
    })
    .collect()
}

/// Finds arrows of `controller` that run up, sideways between kinds, or out of the house.
pub fn upward(tree: &Tree) -> Vec<Finding> {
    each(tree, |source, mention, target| {
        let (Some(from), Target::Item(to) | Target::Module(to)) = (row(source), target) else { return None };
        let to = &tree.files[*to];
        let finding = |says, remedy| Some(at(source, mention, Said { rule: "rooms", says, remedy }));
        match row(to) {
            Some(row) if row < from => finding(
                format!("{} is above this room, in {}", spelled(mention), to.path),
                "Arrows run down: move the thing into the lowest room that needs it, or hand it in as a parameter",
            ),
            Some(row) if row == from && room(source) != room(to) => finding(
                format!("{} is of another kind, in {}", spelled(mention), to.path),
                "Kinds never name each other: move what both need into connection or a room below it",
            ),
            None if !may_name(to) => finding(
                format!("{} is none of the modules that a room may name, in {}", spelled(mention), to.path),
                "A room names rooms below it and the modules of BELOW_CONTROLLER in tests/structure/rooms.rs",
            ),
            _ => None,
        }
    })
}

/// Finds what the walls between `api`, `pam` and `controller::runtime` forbid.
pub fn walls(tree: &Tree) -> Vec<Finding> {
    each(tree, |source, mention, target| {
        let wall = WALLS.iter().find(|wall| source.is_in(wall.of))?;
        let (Target::Item(to) | Target::Module(to)) = target else { return None };
        let hit = wall.never.iter().any(|never| tree.files[*to].is_in(never));
        let says = format!("{} must not name {}, in {}", wall.of.join("::"), spelled(mention), tree.files[*to].path);
        hit.then(|| at(source, mention, Said { rule: "walls", says, remedy: wall.remedy }))
    })
}

/// The room that reads values from the PAM. A person's tool uses it, which is a package of its own; no part of this package
/// does (P5).
const READING: [&str; 2] = ["pam", "reading"];

/// Finds names of the reading of values outside its own room, and re-exports of it: only a name with `reading` in its path
/// leads there, so that no other name hides a read.
pub fn reads(tree: &Tree) -> Vec<Finding> {
    each(tree, |source, mention, target| {
        let (Target::Item(to) | Target::Module(to)) = target else { return None };
        let hit = tree.files[*to].is_in(&READING) && !source.is_in(&READING);
        let says = format!("{} reads a value from the PAM, in {}", spelled(mention), tree.files[*to].path);
        let remedy = "The operator never reads a value (P5): take what it needs from the list; a person's tool reads";
        hit.then(|| at(source, mention, Said { rule: "reads", says, remedy }))
    })
}

/// Finds names of our kinds in `controller::runtime`.
pub fn kinds_in_runtime(tree: &Tree) -> Vec<Finding> {
    each(tree, |source, mention, _| {
        let named =
            source.is_in(&["controller", "runtime"]) && mention.path.iter().any(|name| KINDS.contains(&name.as_str()));
        let says = format!("{} is a kind of ours", spelled(mention));
        let remedy = "The runtime serves any kind: make it generic over Managed";
        named.then(|| at(source, mention, Said { rule: "runtime", says, remedy }))
    })
}

/// Finds crates and modules that `domain` or `pam` must not know.
pub fn foreign(tree: &Tree) -> Vec<Finding> {
    each(tree, |source, mention, target| {
        let says = match target {
            Target::Outside(path)
                if source.is_in(&["domain"]) && is_crate(path) && !PURE.contains(&path[0].as_str()) =>
            {
                format!("domain names the crate of {}", path.join("::"))
            }
            Target::Outside(path) if source.is_in(&["pam"]) && ["kube", "k8s_openapi"].contains(&path[0].as_str()) => {
                format!("pam names {}", path.join("::"))
            }
            Target::Item(to) | Target::Module(to)
                if source.is_in(&["domain"]) && !tree.files[*to].is_in(&["domain"]) =>
            {
                format!("domain names {}, in {}", spelled(mention), tree.files[*to].path)
            }
            _ => return None,
        };
        let remedy = "domain names std, jiff and itself; pam names no Kubernetes: translate in controller";
        Some(at(source, mention, Said { rule: "walls", says, remedy }))
    })
}

/// Holds what a finding says besides its place.
struct Said {
    rule: &'static str,
    says: String,
    remedy: &'static str,
}

fn at(source: &Source, mention: &Mention, said: Said) -> Finding {
    let Said { rule, says, remedy } = said;
    Finding { file: source.path.clone(), line: mention.line, rule, says, remedy }
}

/// Asks `rule` about each target of each mention. A single name in use says nothing new: `rule` was asked about the
/// import that brought the name.
fn each(tree: &Tree, rule: impl Fn(&Source, &Mention, &Target) -> Option<Finding>) -> Vec<Finding> {
    let new = |mention: &Mention| mention.path.len() > 1 || mention.way != Way::Used;
    let names = Names::of(tree).mentions.into_iter().filter(new);
    let find =
        |mention: Mention| mention.targets.iter().find_map(|target| rule(&tree.files[mention.file], &mention, target));
    names.filter_map(find).collect()
}

fn room(source: &Source) -> Option<&str> {
    source
        .in_library()
        .filter(|module| module.first().is_some_and(|name| name == "controller"))?
        .get(1)
        .map(String::as_str)
}

fn row(source: &Source) -> Option<usize> {
    let room = room(source)?;
    ROOMS.iter().position(|row| row.contains(&room))
}

fn may_name(to: &Source) -> bool {
    to.is_in(&["controller"]) || BELOW_CONTROLLER.iter().any(|module| to.is_in(&[module]))
}

/// Tells whether a path that leads outside begins with a crate, and not with a type of the prelude or a type parameter.
fn is_crate(path: &[String]) -> bool {
    let first = path[0].as_str();
    let lower = first.chars().next().is_some_and(char::is_lowercase);
    lower && !PRIMITIVES.contains(&first)
}

fn spelled(mention: &Mention) -> String {
    mention.path.join("::")
}

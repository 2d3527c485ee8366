//! No circle among the files: of two files, at most one depends on the other, directly or through others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::collect::Way;
use crate::finding::Finding;
use crate::names::{Mention, Names, Target};
use crate::tree::{FileId, Tree};

/// Holds for each file the files that it depends on, each with the first mention that says so.
pub struct Arrows<'a> {
    tree: &'a Tree,
    from: BTreeMap<FileId, BTreeMap<FileId, &'a Mention>>,
}

impl<'a> Arrows<'a> {
    /// Returns the arrows between the files of a tree. No arrow leads to a file that only declares and re-exports, and
    /// none from a module that passes on what a module below it defines, unless the module uses the name itself.
    pub fn of(tree: &'a Tree, names: &'a Names) -> Self {
        let mut from: BTreeMap<FileId, BTreeMap<FileId, &Mention>> = BTreeMap::new();
        for mention in &names.mentions {
            for target in &mention.targets {
                let Target::Item(to) = *target else { continue };
                let passed_on =
                    mention.way == Way::ReExport && tree.files[to].module.starts_with(&tree.files[mention.file].module);
                if to != mention.file && !passed_on && !tree.files[to].only_declares() {
                    from.entry(mention.file).or_default().entry(to).or_insert(mention);
                }
            }
        }
        Self { tree, from }
    }

    /// Returns the groups of files that all depend on each other, the largest first.
    pub fn circles(&self) -> Vec<Vec<FileId>> {
        let reached: BTreeMap<_, _> = self.from.keys().map(|file| (*file, self.reached_from(*file))).collect();
        let mut circles = Vec::new();
        let mut seen = BTreeSet::new();
        for (file, others) in &reached {
            let back = |other: &&FileId| reached.get(other).is_some_and(|reached| reached.contains(file));
            if others.contains(file) && !seen.contains(file) {
                let circle: Vec<_> = others.iter().filter(back).copied().collect();
                seen.extend(circle.iter().copied());
                circles.push(circle);
            }
        }
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        circles
    }

    fn next(&self, file: FileId) -> impl Iterator<Item = (FileId, &'a Mention)> {
        self.from.get(&file).into_iter().flatten().map(|(to, mention)| (*to, *mention))
    }

    fn reached_from(&self, file: FileId) -> BTreeSet<FileId> {
        let mut reached = BTreeSet::new();
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            open.extend(self.next(file).map(|(to, _)| to).filter(|to| reached.insert(*to)));
        }
        reached
    }

    /// Returns the mentions of a shortest way from a file of the circle back to that file, the shortest of all.
    fn shortest(&self, circle: &[FileId]) -> Vec<&'a Mention> {
        let ways = circle.iter().map(|file| self.way_back(*file));
        ways.min_by_key(Vec::len).unwrap_or_default()
    }

    fn way_back(&self, file: FileId) -> Vec<&'a Mention> {
        let mut came_by: BTreeMap<FileId, &Mention> = BTreeMap::new();
        let mut open = VecDeque::from([file]);
        while let Some(at) = open.pop_front().filter(|_| !came_by.contains_key(&file)) {
            for (to, mention) in self.next(at) {
                came_by.entry(to).or_insert_with(|| {
                    open.push_back(to);
                    mention
                });
            }
        }
        let mut way = Vec::new();
        let mut at = file;
        while let Some(mention) = came_by.get(&at).filter(|_| at != file || way.is_empty()) {
            way.push(*mention);
            at = mention.file;
        }
        way.reverse();
        way
    }

    fn finding(&self, circle: &[FileId]) -> Finding {
        let way = self.shortest(circle);
        let path = |file: FileId| self.tree.files[file].path.as_str();
        let step =
            |mention: &&Mention| format!("{}:{} names {}", path(mention.file), mention.line, mention.path.join("::"));
        let members: Vec<_> = circle.iter().map(|file| path(*file)).collect();
        let steps: Vec<_> = way.iter().map(step).collect();
        Finding {
            file: path(way[0].file).to_owned(),
            line: way[0].line,
            rule: "circles",
            says: format!(
                "{} files depend on each other ({}); the shortest way round: {}",
                circle.len(),
                members.join(", "),
                steps.join(", ")
            ),
            remedy: "Move what both need into a lower file, or hand it over as a parameter",
        }
    }
}

/// Finds the circles among the files.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let names = Names::of(tree);
    let arrows = Arrows::of(tree, &names);
    arrows.circles().iter().map(|circle| arrows.finding(circle)).collect()
}

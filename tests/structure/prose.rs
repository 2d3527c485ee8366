//! Words that readers must solve. What users read, in the pages, the schemas, the chart and the messages, says it plainly.
//!
//! The list of words is [`WORDS`], each with what to write instead. Log lines and the comments of the code are not looked at.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use regex::{Regex, RegexBuilder};
use syn::visit::{self, Visit};
use syn::{Attribute, LitStr, Macro, Meta};

use crate::finding::Finding;
use crate::tree::Tree;

/// A pattern of words to replace, and what to write instead. A space in a pattern is any white space, also a line break.
const WORDS: [(&str, &str); 21] = [
    ("mend(s|ed|ing)?", "Write fix"),
    ("anew", "Write again"),
    ("whoever", "Name the person or the program"),
    ("somebody|someone|nobody", "Name the role, or say what is not done"),
    ("now and then", "Say how often"),
    ("go(es|ne)? on( with)?|went on( with)?", "Write continue, or keep using"),
    ("all the same", "Write still"),
    ("(is|are|was|were) to be", "Write must be, will be or should be"),
    ("at once", "Write immediately, or at the same time"),
    ("says? so", "Say what it reports"),
    ("there before", "Write existing"),
    ("held back|holds? back", "Write not sent, or stopped"),
    ("made up", "Write generated"),
    ("lacks, or shows moved|shows moved", "Write that records are missing, or have another account"),
    ("un-set", "Write clear"),
    ("blanks?", "Write space"),
    ("told to", "Write instructed, or leave it out"),
    ("by hand", "Write manually, or in the PAM"),
    ("lest|seldom", "Write so that not, or rarely"),
    ("spoken to", "Say what is called"),
    ("let (it|them) go", "Write delete, or release"),
];
/// Not of messages, where "you may not" is a refusal, and not of schemas, to which Kubernetes adds texts of its own.
const IN_PAGES: (&str, &str) = ("may not", "Write must not, cannot, or might not");

/// Folders of the library whose texts users read: reasons of `Ready`, events, and what became of a call to a PAM.
const MESSAGES: [&str; 5] =
    ["src/message", "src/pam/error", "src/pam/endpoint", "src/controller/connection", "src/controller/credential"];

/// Finds the words to replace in what users read.
pub fn findings(root: &Path, library: &Tree) -> Vec<Finding> {
    let (words, of_pages) = (pattern(None), pattern(Some(IN_PAGES.0)));
    let mut found = Vec::new();
    for file in pages_of(root) {
        let text = std::fs::read_to_string(root.join(&file)).unwrap();
        let is_page = file.extension().is_some_and(|end| end == "md");
        let words = if is_page { &of_pages } else { &words };
        found.extend(in_text(&file.display().to_string(), &without_rights(&text), 0, words));
    }
    for file in library.files.iter().filter(|file| MESSAGES.iter().any(|folder| file.path.starts_with(folder))) {
        for (line, text) in literals(&file.syntax) {
            found.extend(in_text(&file.path, &text, line - 1, &words));
        }
    }
    found
}

fn pattern(more: Option<&str>) -> Regex {
    let words: Vec<&str> = WORDS.iter().map(|(words, _)| *words).chain(more).collect();
    let words = format!(r"\b({})\b", words.join("|")).replace(' ', r"\s+(?:#\s+|//\s+)?");
    RegexBuilder::new(&words).case_insensitive(true).build().unwrap()
}

fn in_text(file: &str, text: &str, lines_before: usize, words: &Regex) -> Vec<Finding> {
    let line_of = |at: usize| lines_before + 1 + text[..at].matches('\n').count();
    let finding = |found: regex::Match<'_>| Finding {
        file: file.to_owned(),
        line: line_of(found.start()),
        rule: "prose",
        says: format!("users read {:?}", found.as_str()),
        remedy: instead_of(found.as_str()),
    };
    words.find_iter(text).map(finding).collect()
}

fn instead_of(found: &str) -> &'static str {
    let words = found.split_whitespace().filter(|word| !["#", "//"].contains(word));
    let found = words.collect::<Vec<_>>().join(" ");
    let is_one = |words: &str| Regex::new(&format!("(?i)^({words})$")).unwrap().is_match(&found);
    WORDS.iter().find(|(words, _)| is_one(words)).map_or(IN_PAGES.1, |(_, instead)| instead)
}

/// Returns what people read of the checkout, below its root.
fn pages_of(root: &Path) -> Vec<PathBuf> {
    let chart = Path::new("charts/pam-operator");
    let single = [PathBuf::from("README.md"), chart.join("values.yaml"), chart.join("templates/NOTES.txt")];
    let folders = ["docs", "crds", "deploy/samples"].into_iter().flat_map(|folder| files(root, Path::new(folder)));
    let is_text = |file: &PathBuf| file.extension().is_some_and(|end| end == "md" || end == "yaml" || end == "txt");
    single.into_iter().chain(folders).filter(is_text).collect()
}

fn files(root: &Path, folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| folder.join(entry.unwrap().file_name()));
    entries.flat_map(|path| if root.join(&path).is_dir() { files(root, &path) } else { vec![path] }).collect()
}

/// Returns a page without its table of rights: the reasons in it are the comments of the chart's templates. Lines stay.
fn without_rights(page: &str) -> String {
    let (Some(from), Some(to)) = (page.find("<!-- generated: rights -->"), page.find("<!-- end of rights -->")) else {
        return page.to_owned();
    };
    let lines = "\n".repeat(page[from..to].matches('\n').count());
    [&page[..from], &lines, &page[to..]].concat()
}

/// Returns the texts of a file with their lines: those of log lines and of comments left out.
fn literals(file: &syn::File) -> Vec<(usize, String)> {
    let mut texts = Texts::default();
    texts.visit_file(file);
    texts.0
}

#[derive(Default)]
struct Texts(Vec<(usize, String)>);

impl Texts {
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse2::<LitStr>(TokenTree::Literal(literal).into()) {
                        self.visit_lit_str(&text);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Texts {
    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        self.0.push((text.span().start().line, text.value()));
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if call.path.segments.first().is_none_or(|segment| segment.ident != "tracing") {
            self.tokens(call.tokens.clone());
        }
        visit::visit_path(self, &call.path);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta
            && attribute.path().is_ident("error")
        {
            self.tokens(list.tokens.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(usize, String)> {
        let found = in_text("f", text, 0, &pattern(Some(IN_PAGES.0)));
        found.into_iter().map(|finding| (finding.line, finding.remedy.to_owned())).collect()
    }

    #[test]
    fn words_are_found_in_any_case_and_across_lines_and_parts_of_words_are_not() {
        let words = said("Mended it.\nIt is tried now\n# and then; commend, blanket.\nIt may\nnot.");
        let remedies = ["Write fix", "Say how often", "Write must not, cannot, or might not"].map(str::to_owned);
        assert_eq!(words, [1, 2, 4].into_iter().zip(remedies).collect::<Vec<_>>());
    }

    #[test]
    fn texts_of_macros_and_errors_are_looked_at_and_log_lines_and_comments_are_not() {
        let file = "/// anew\nfn f() { format!(\"a {}\", \"b\"); tracing::warn!(\"c\"); }\n#[error(\"d\")]\nstruct S;";
        let texts: Vec<String> = literals(&syn::parse_file(file).unwrap()).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["a {}", "b", "d"]);
    }

    #[test]
    fn the_table_of_rights_is_left_out_and_lines_keep_their_numbers() {
        let page = "a\n<!-- generated: rights -->\nnobody\n<!-- end of rights -->\nanew";
        assert_eq!(said(&without_rights(page)), [(5, "Write again".to_owned())]);
    }
}

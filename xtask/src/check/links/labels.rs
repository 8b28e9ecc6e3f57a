//! Checks that links of the pages that are part of the generated documentation lead to the same places there.
//!
//! A chapter links to another by label. It defines the label for a reader of the files, and `src/guide_links.md` defines it for rustdoc,
//! which knows the chapter as a module. rustdoc does not check links to its own files, so this does.

use std::fs;
use std::path::{Path, PathBuf};

use super::Pages;
use super::page::Page;
use super::target::Target;
use crate::failure::{Failure, While as _};

/// The list of the chapters, for mdBook.
const SUMMARY: &str = "docs/SUMMARY.md";
/// The modules that include the chapters, for rustdoc.
const GUIDE: &str = "src/guide.rs";

/// The labels that rustdoc reads before the pages.
#[derive(Debug)]
struct Labels {
    file: &'static str,
    /// The text before the path of a chapter's module.
    to_guide: &'static str,
    page: Page,
}

impl Labels {
    fn of(file: &'static str, to_guide: &'static str, root: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(root.join(file)).while_doing(|| format!("reading {file}"))?;
        Ok(Self { file, to_guide, page: Page::read(&text) })
    }

    /// Returns the file and the anchor that a label's link to a module stands for.
    fn target(&self, label: &str) -> Option<Target> {
        let link = self.page.labels.get(label)?.target.strip_prefix(self.to_guide)?;
        let (module, anchor) = link.split_once("/index.html")?;
        let path = format!("docs/{}.md", module.replace('_', "-"));
        Some(Target { path: PathBuf::from(path), anchor: anchor.strip_prefix('#').map(str::to_owned) })
    }

    /// Returns messages about labels that lead to no chapter or heading.
    fn broken(&self, pages: &Pages) -> Vec<String> {
        let leads = |label: &String| {
            let target = self.target(label)?;
            let page = pages.get(&target.path)?;
            target.anchor.is_none_or(|anchor| page.anchors.contains(&anchor)).then_some(())
        };
        let broken = self.page.labels.iter().filter(|(label, _)| leads(label).is_none());
        broken
            .map(|(label, link)| {
                format!("{}:{}: `[{label}]: {}` leads to no chapter", self.file, link.line, link.target)
            })
            .collect()
    }

    /// Returns messages about links of a page that rustdoc would not resolve, or not to the same place.
    fn missing(&self, path: &Path, page: &Page) -> Vec<String> {
        let shown = path.display();
        let differ = page.labels.iter().filter(|(label, link)| {
            Target::of(path, &link.target).is_some_and(|target| self.target(label) != Some(target))
        });
        let differ = differ.map(|(label, link)| {
            format!("{shown}:{}: {} does not define `[{label}]` as the same place", link.line, self.file)
        });
        let leaves =
            |link: &&super::page::Link| Target::of(path, &link.target).is_some_and(|target| target.path != path);
        let unlabelled = page.inline.iter().filter(leaves).map(|link| {
            format!(
                "{shown}:{}: `{}` needs a label, because rustdoc has no such file: see {}",
                link.line, link.target, self.file
            )
        });
        differ.chain(unlabelled).collect()
    }
}

/// Returns messages about broken links of the generated documentation.
pub(super) fn broken(root: &Path, pages: &Pages) -> Result<Vec<String>, Failure> {
    let of_guide = Labels::of("src/guide_links.md", "../../", root)?;
    let of_crate = Labels::of("src/crate_links.md", "guide/", root)?;
    let guide = fs::read_to_string(root.join(GUIDE)).while_doing(|| format!("reading {GUIDE}"))?;
    let mut broken = [of_guide.broken(pages), of_crate.broken(pages)].concat();
    let chapters: Vec<(&PathBuf, &Page)> = pages.iter().filter(|(path, _)| is_chapter(path)).collect();
    for (path, page) in &chapters {
        broken.extend(of_guide.missing(path, page));
        broken.extend(unlisted(path, pages, &guide));
    }
    match pages.get(Path::new("README.md")) {
        Some(readme) if !chapters.is_empty() => broken.extend(of_crate.missing(Path::new("README.md"), readme)),
        _ => broken
            .push("the README or the chapters were not found: xtask/src/check/links looks in the wrong place".into()),
    }
    Ok(broken)
}

/// Returns whether a page is in a folder of the guide.
fn is_chapter(path: &Path) -> bool {
    path.strip_prefix("docs").is_ok_and(|path| path.components().count() > 1)
}

/// Returns messages about the lists in which a chapter is missing.
fn unlisted(chapter: &Path, pages: &Pages, guide: &str) -> Vec<String> {
    let summary = pages.get(Path::new(SUMMARY));
    let is_listed = summary.is_some_and(|summary| {
        let mut targets = summary.inline.iter().filter_map(|link| Target::of(Path::new(SUMMARY), &link.target));
        targets.any(|target| target.path == chapter)
    });
    let is_included = guide.contains(&format!("include_str!(\"../{}\")", chapter.display()));
    let lists = [(is_listed, SUMMARY), (is_included, GUIDE)];
    let missing = lists.into_iter().filter(|(is_there, _)| !is_there);
    missing.map(|(_, list)| format!("{}: the chapter is not part of {list}", chapter.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAPTER: &str = "docs/topics/dead-letters.md";

    fn labels(text: &str) -> Labels {
        Labels { file: "labels.md", to_guide: "../../", page: Page::read(text) }
    }

    fn pages(chapter: &str) -> Pages {
        Pages::from([(PathBuf::from(CHAPTER), Page::read(chapter))])
    }

    #[test]
    fn a_label_of_a_module_means_the_chapter_and_its_heading() {
        let labels =
            labels("[a]: ../../topics/dead_letters/index.html#there\n[b]: ../../topics/dead_letters/index.html\n");
        assert_eq!(labels.broken(&pages("# There")), [""; 0]);
        assert_eq!(labels.broken(&pages("# Here")).len(), 1);
        assert_eq!(labels.broken(&Pages::new()).len(), 2);
    }

    #[test]
    fn a_label_that_rustdoc_does_not_know_is_broken() {
        let chapter = Page::read("[a][a]\n\n[a]: http.md\n");
        let missing = |text| labels(text).missing(Path::new(CHAPTER), &chapter);
        assert_eq!(missing("[a]: ../../topics/http/index.html"), [""; 0]);
        let sentence = format!("{CHAPTER}:3: labels.md does not define `[a]` as the same place");
        for other in ["[b]: ../../topics/http/index.html", "[a]: ../../topics/systems/index.html"] {
            assert_eq!(missing(other), [sentence.as_str()]);
        }
    }

    #[test]
    fn a_link_to_another_chapter_without_a_label_is_broken() {
        let chapter = Page::read("[here](#here) [there](http.md) [away](https://example.org)");
        assert_eq!(
            labels("").missing(Path::new(CHAPTER), &chapter),
            [format!("{CHAPTER}:1: `http.md` needs a label, because rustdoc has no such file: see labels.md")]
        );
    }

    #[test]
    fn a_chapter_that_a_list_lacks_is_named() {
        let mut pages = pages("");
        let guide = format!("#[doc = include_str!(\"../{CHAPTER}\")]");
        assert_eq!(
            unlisted(Path::new(CHAPTER), &pages, &guide),
            [format!("{CHAPTER}: the chapter is not part of {SUMMARY}")]
        );
        pages.insert(PathBuf::from(SUMMARY), Page::read("- [Dead letters](topics/dead-letters.md)"));
        assert_eq!(unlisted(Path::new(CHAPTER), &pages, &guide), [""; 0]);
        assert_eq!(
            unlisted(Path::new(CHAPTER), &pages, ""),
            [format!("{CHAPTER}: the chapter is not part of {GUIDE}")]
        );
    }
}

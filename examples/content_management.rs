//! Content management: pages with unique slugs, and a history of edits.
//!
//! The id of an aggregate can be computed: that of a `Slug` is the UUID (version 5) of its text, so there is at most one aggregate for each
//! text. It is the index from slugs to pages. A page and its slug are saved in one transaction, and the second page that claims a slug is
//! refused. An edit is recorded as the lines that it replaces, and each version of a page can be read and restored.
//!
//! ```console
//! $ cargo run --example content_management
//! ```

use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

/// A run of lines and what it is replaced with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The number of the first line, from 0.
    line: usize,
    removed: Vec<String>,
    added: Vec<String>,
}

impl Edit {
    /// The smallest edit that makes one text of another: all but the lines at the start and at the end that they share.
    fn between(old: &[String], new: &[String]) -> Self {
        let line = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let (old, new) = (&old[line..], &new[line..]);
        let same = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
        let (removed, added) = (&old[..old.len() - same], &new[..new.len() - same]);
        Self { line, removed: removed.to_vec(), added: added.to_vec() }
    }

    fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }
}

#[aggregate]
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    slug: String,
    lines: Vec<String>,
    /// Who made the last change.
    author: String,
}

#[aggregate]
impl Page {
    #[event("Created")]
    pub fn create(title: &str, slug: &str, author: &str) -> Self {
        Self { title: title.to_owned(), slug: slug.to_owned(), lines: Vec::new(), author: author.to_owned() }
    }

    #[event("Edited")]
    fn edited(&mut self, edit: Edit, author: &str) {
        let replaced = edit.line..edit.line + edit.removed.len();
        self.lines.splice(replaced, edit.added).for_each(drop);
        self.author = author.to_owned();
    }

    #[event("Moved")]
    pub fn move_to(&mut self, slug: &str, author: &str) {
        self.slug = slug.to_owned();
        self.author = author.to_owned();
    }

    /// Records what differs, if anything does.
    pub fn edit(&mut self, text: &str, author: &str) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let edit = Edit::between(&self.lines, &lines);
        if !edit.is_empty() {
            self.edited(edit, author);
        }
    }

    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// The index entry of a slug: which page has it, if any.
#[aggregate]
#[derive(Debug)]
pub struct Slug {
    text: String,
    page: Option<Uuid>,
}

#[aggregate]
impl Slug {
    /// The same id for the same text, in each process.
    pub fn create_id(text: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("/slugs/{text}").as_bytes())
    }

    #[event("Claimed", id = Self::create_id(text))]
    pub fn claim(text: &str, page: Uuid) -> Self {
        Self { text: text.to_owned(), page: Some(page) }
    }

    #[event("Released")]
    pub fn release(&mut self) {
        self.page = None;
    }

    #[event("Reclaimed")]
    fn reclaimed(&mut self, page: Uuid) {
        self.page = Some(page);
    }

    /// Claims a slug that another page has given up.
    pub fn reclaim(&mut self, page: Uuid) -> Result<(), ContentError> {
        if self.page.is_some() {
            return Err(ContentError::SlugTaken { slug: self.text.clone() });
        }
        self.reclaimed(page);
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("another page has the slug `{slug}`")]
    SlugTaken { slug: String },
    #[error("no page has the slug `{slug}`")]
    NotFound { slug: String },
    #[error("the page was changed since version {version}; merge your text with the current one")]
    Changed { version: u64 },
    #[error(transparent)]
    Library(#[from] Error),
}

#[application(aggregates(Page, Slug))]
#[derive(Debug)]
pub struct Wiki;

impl Wiki {
    pub async fn create_page(&self, title: &str, slug: &str, author: &str) -> Result<Uuid, ContentError> {
        let mut page = Page::create(title, slug, author);
        let claimed = self.claim(slug, page.id()).await?;
        self.save_with_slug(&mut page, claimed, None).await?;
        Ok(page.id())
    }

    /// Gives a page another slug. The old one is free then.
    pub async fn move_page(&self, from: &str, to: &str, author: &str) -> Result<(), ContentError> {
        let mut page = self.page(from).await?;
        let mut released: Slug = self.repository().get(Slug::create_id(from)).await?;
        let claimed = self.claim(to, page.id()).await?;
        page.move_to(to, author);
        released.release();
        self.save_with_slug(&mut page, claimed, Some(released)).await
    }

    /// Looks a page up by its slug: the index is never behind the pages, since both are saved in one transaction.
    pub async fn page(&self, slug: &str) -> Result<Page, ContentError> {
        let not_found = || ContentError::NotFound { slug: slug.to_owned() };
        match self.repository().get::<Slug>(Slug::create_id(slug)).await {
            Ok(index) => Ok(self.repository().get(index.page.ok_or_else(not_found)?).await?),
            Err(Error::AggregateNotFound { .. }) => Err(not_found()),
            Err(error) => Err(error.into()),
        }
    }

    /// Saves a text that was written on top of a version, and returns the version that it made.
    ///
    /// If somebody else saved a text meanwhile, the author decides what to keep: this is not retried.
    pub async fn edit(&self, id: Uuid, version: u64, text: &str, author: &str) -> Result<u64, ContentError> {
        let mut page: Page = self.repository().get_at(id, version).await?;
        page.edit(text, author);
        match self.save(&mut page).await {
            Ok(_) => Ok(page.version()),
            Err(Error::Conflict { .. }) => Err(ContentError::Changed { version }),
            Err(error) => Err(error.into()),
        }
    }

    /// The page as it was at each of its versions, oldest first.
    pub async fn history(&self, id: Uuid) -> Result<Vec<Page>, ContentError> {
        let page: Page = self.repository().get(id).await?;
        let mut history = Vec::new();
        for version in 1..page.version() {
            history.push(self.repository().get_at(id, version).await?);
        }
        history.push(page);
        Ok(history)
    }

    /// Makes the text of an earlier version the current one, by a further edit.
    pub async fn restore(&self, id: Uuid, version: u64, author: &str) -> Result<(), ContentError> {
        let old: Page = self.repository().get_at(id, version).await?;
        Ok(self.retry(id, |page: &mut Page| page.edit(&old.text(), author)).await?)
    }

    async fn claim(&self, slug: &str, page: Uuid) -> Result<Slug, ContentError> {
        match self.repository().get::<Slug>(Slug::create_id(slug)).await {
            Ok(mut known) => known.reclaim(page).map(|()| known),
            Err(Error::AggregateNotFound { .. }) => Ok(Slug::claim(slug, page)),
            Err(error) => Err(error.into()),
        }
    }

    /// Saves all three or none. If another page claimed the slug after it was looked up, this is where it shows.
    async fn save_with_slug(
        &self,
        page: &mut Page,
        mut claimed: Slug,
        mut released: Option<Slug>,
    ) -> Result<(), ContentError> {
        match self.save((page, &mut claimed, released.as_mut())).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { originator_id, .. } | Error::Conflict { originator_id, .. })
                if originator_id == claimed.id() =>
            {
                Err(ContentError::SlugTaken { slug: claimed.text })
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wiki = Wiki::open_with([("PERSISTENCE_MODULE", "memory")]).await?;

    // a slug has one page, also if two pages claim it at the same time
    let id = wiki.create_page("Tea", "tea", "Ada").await?;
    let second = wiki.create_page("Black tea", "tea", "Bea").await;
    assert!(matches!(second, Err(ContentError::SlugTaken { slug }) if slug == "tea"));
    let error = wiki.save(&mut Slug::claim("tea", Uuid::new_v4())).await.expect_err("the id of `tea` is taken");
    assert!(matches!(error, Error::AlreadyExists { originator_id, .. } if originator_id == Slug::create_id("tea")));
    let (first, second) =
        tokio::join!(wiki.create_page("Coffee", "coffee", "Ada"), wiki.create_page("Coffee", "coffee", "Bea"),);
    assert_ne!(first.is_ok(), second.is_ok());

    // an edit records the lines that differ
    let version = wiki.edit(id, 1, "Boil water.\nAdd tea.\nWait.", "Ada").await?;
    let version = wiki.edit(id, version, "Boil water.\nAdd two spoons of tea.\nWait.", "Bea").await?;
    let last = wiki.log().select(1, 100).topics(["Page.Edited"]).await?.pop().ok_or("no edit is recorded")?;
    let event: DomainEvent<PageEvent> = wiki.mapper().to_notified_event(&last)?;
    let PageEvent::Edited(PageEdited { edit, .. }) = event.event else { return Err("not an edit".into()) };
    let expected =
        Edit { line: 1, removed: vec!["Add tea.".to_owned()], added: vec!["Add two spoons of tea.".to_owned()] };
    assert_eq!(edit, expected);
    // the same text again is no edit
    assert_eq!(wiki.edit(id, version, "Boil water.\nAdd two spoons of tea.\nWait.", "Ada").await?, version);

    // a text on top of an old version is refused rather than overwriting the newer one
    let late = wiki.edit(id, 2, "Buy tea.", "Cleo").await;
    assert!(matches!(late, Err(ContentError::Changed { version: 2 })), "{late:?}");

    // a page that moves leaves its slug to others
    wiki.move_page("tea", "green-tea", "Ada").await?;
    assert_eq!(wiki.page("green-tea").await?.id(), id);
    assert!(matches!(wiki.page("tea").await, Err(ContentError::NotFound { .. })));
    let other = wiki.create_page("Tea in general", "tea", "Bea").await?;
    assert_eq!(wiki.page("tea").await?.id(), other);
    assert!(matches!(wiki.move_page("green-tea", "tea", "Ada").await, Err(ContentError::SlugTaken { .. })));

    // each version stays, and can be restored
    wiki.restore(id, 2, "Ada").await?;
    let history = wiki.history(id).await?;
    for page in &history {
        println!("{} {} /{} by {}: {:?}", page.version(), page.title, page.slug, page.author, page.text());
    }
    let authors: Vec<&str> = history.iter().map(|page| page.author.as_str()).collect();
    assert_eq!(authors, ["Ada", "Ada", "Bea", "Ada", "Ada"]);
    assert_eq!((history[4].text(), history[4].slug.as_str()), (history[1].text(), "green-tea"));
    Ok(())
}

//! The dead letters of a policy, listed by the names of the applications, without the type of the policy.

use crate::Result;
use crate::application::Application;
use crate::projection::DeadLetter;
use crate::recording::LetterQuery;

impl Application {
    /// Returns at most `limit` dead letters of this application's policy with notification ids greater than `after`, ordered by id.
    ///
    /// It needs only the name of the upstream application, for tools that do not know the policy's type. Reasons are as they are stored:
    /// [`DeadLetter::opened`] decrypts one. [`ProcessApplication::dead_letters`](crate::ProcessApplication::dead_letters) retries and discards
    /// letters.
    ///
    /// # Errors
    /// [`Recorder`](crate::Error::Recorder) if the database fails, or if a letter cannot be decrypted.
    pub async fn dead_letters_of(&self, upstream: &str, after: u64, limit: usize) -> Result<Vec<DeadLetter>> {
        self.carry_letters_over(upstream).await?;
        Ok(self.letters(LetterQuery::of(upstream).after(after).limit(limit)).await?)
    }

    /// Returns the number of dead letters of this application's policy for an upstream application.
    ///
    /// # Errors
    /// [`Recorder`](crate::Error::Recorder) if the database fails.
    pub async fn count_dead_letters_of(&self, upstream: &str) -> Result<u64> {
        self.carry_letters_over(upstream).await?;
        Ok(self.shared.recorder.count_letters(upstream).await?)
    }
}

//! Text that is looked for: as it stands, or after `~` as a regular expression; whatever the case.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

/// Something to look for.
#[derive(Clone, Debug)]
pub struct Pattern {
    typed: String,
    regex: Regex,
}

impl Pattern {
    /// What was typed. The error is for the user.
    pub fn new(typed: &str) -> Result<Self, String> {
        const LARGEST: usize = 1 << 20;
        let source = match typed.strip_prefix('~') {
            Some(expression) => expression.to_owned(),
            None => regex::escape(typed),
        };
        let regex = RegexBuilder::new(&source)
            .case_insensitive(true)
            .size_limit(LARGEST)
            .build();
        let unusable = |_| format!("{typed}: not a regular expression");
        Ok(Self {
            typed: typed.to_owned(),
            regex: regex.map_err(unusable)?,
        })
    }

    /// As it was typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether it is in a text.
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Where it is in a text.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let found = self.regex.find_iter(text).map(|found| found.range());
        found.filter(|place| !place.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_expressions() {
        let dot = Pattern::new("T.38").unwrap();
        assert!(dot.is_in("over t.38") && !dot.is_in("TX38"));
        let expression = Pattern::new("~^20(07|11)$").unwrap();
        assert!(expression.is_in("2011") && !expression.is_in("20071"));
        assert_eq!(Pattern::new("a").unwrap().places("Aba"), [0..1, 2..3]);
        assert!(Pattern::new("~(").is_err());
    }
}

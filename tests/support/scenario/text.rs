//! Lines into words: quotes keep spaces, `#` begins a comment, `key=value` is an option.

/// A line of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    /// It belongs to the line above that is not indented.
    pub(crate) indented: bool,
    pub(crate) words: Words,
}

/// Words of a line, or what is left of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(pub(crate) Vec<Word>);

/// A word; one that was quoted is never an option.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) quoted: bool,
}

impl Word {
    /// A comma at the end is a word of its own: it parts the messages of a burst.
    fn without_comma(self) -> Vec<Self> {
        match self.text.strip_suffix(',') {
            Some(head) if !self.quoted && !head.is_empty() => vec![plain(head), plain(",")],
            _ => vec![self],
        }
    }

    /// `key=value`, the key in lower case.
    pub(crate) fn option(&self) -> Option<(&str, &str)> {
        let (key, value) = self.text.split_once('=').filter(|_| !self.quoted)?;
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (!key.is_empty() && key.chars().all(lower)).then_some((key, value))
    }
}

impl Words {
    pub(crate) fn parse(line: &str) -> Self {
        let mut words = Vec::new();
        let mut word: Option<Word> = None;
        let mut inside = false;
        for c in line.chars() {
            match c {
                '"' => {
                    inside = !inside;
                    // `key="a b"` stays an option.
                    word.get_or_insert(Word {
                        text: String::new(),
                        quoted: true,
                    });
                }
                '#' if !inside && word.is_none() => break,
                ' ' | '\t' if !inside => words.extend(word.take()),
                _ => word.get_or_insert(plain("")).text.push(c),
            }
        }
        words.extend(word);
        Self(words.into_iter().flat_map(Word::without_comma).collect())
    }

    /// The word at a place that is no option.
    pub(crate) fn plain(&self, place: usize) -> Option<&str> {
        self.all_plain().nth(place)
    }

    /// As [`Self::plain`], where it must be there.
    pub(crate) fn need(&self, place: usize, what: &str) -> &str {
        self.plain(place)
            .unwrap_or_else(|| panic!("{what} is missing in `{self:?}`"))
    }

    /// All words that are no options.
    pub(crate) fn all_plain(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|word| word.option().is_none())
            .map(|word| word.text.as_str())
    }

    /// The last value of an option.
    pub(crate) fn option(&self, key: &str) -> Option<&str> {
        self.options(key).last()
    }

    /// All values of an option.
    pub(crate) fn options(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(move |word| word.option().filter(|(own, _)| *own == key))
            .map(|(_, value)| value)
    }

    /// An option that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.option(key).map(number)
    }

    /// An option that is a count.
    pub(crate) fn count(&self, key: &str) -> Option<usize> {
        self.number(key).map(|value| value as usize)
    }
}

fn plain(text: &str) -> Word {
    Word {
        text: text.to_owned(),
        quoted: false,
    }
}

/// A number, or the test ends.
pub(crate) fn number(text: &str) -> f64 {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// `\u{1b}` and its like made the characters that they stand for.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let (code, rest) = part.split_once('}').expect("\\u{...}");
        let code = u32::from_str_radix(code, 16).expect("\\u{hex}");
        let letter = char::from_u32(code).expect("a character");
        format!("{out}{letter}{rest}")
    })
}

/// Lines with something in them.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    unescaped(text)
        .lines()
        .zip(1..)
        .map(|(line, number)| Line {
            number,
            indented: line.starts_with([' ', '\t']),
            words: Words::parse(line),
        })
        .filter(|line| !line.words.0.is_empty())
        .collect()
}

/// Octets written as hex, spaces allowed.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| {
            c.to_digit(16)
                .unwrap_or_else(|| panic!("`{text}` is no hex")) as u8
        })
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

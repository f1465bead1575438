//! One macro for the code points of a Recommendation, so that decoding never loses a value.

/// Declares an enum of code points with an `Unknown` arm.
///
/// Generates `From` in both directions (`from(into(x)) == x`), `code()`, `label()`, `KNOWN` (all named
/// values, in wire order) and `Display` (the label; an unknown code in hex).
macro_rules! wire_enum {
    (
        $(#[$outer:meta])*
        pub enum $name:ident: $int:ty {
            $( $(#[$inner:meta])* $variant:ident = $code:literal, $label:literal; )+
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $( $(#[$inner])* #[doc = concat!("`", $label, "`")] $variant, )+
            /// A code that the tables do not name.
            Unknown($int),
        }

        impl $name {
            /// All named values, in the order of the Recommendation.
            pub const KNOWN: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The code on the wire.
            pub const fn code(self) -> $int {
                match self {
                    $( Self::$variant => $code, )+
                    Self::Unknown(code) => code,
                }
            }

            /// The Recommendation's word, or `None` for an unknown code.
            pub const fn label(self) -> Option<&'static str> {
                match self {
                    $( Self::$variant => Some($label), )+
                    Self::Unknown(_) => None,
                }
            }
        }

        impl From<$int> for $name {
            fn from(code: $int) -> Self {
                match code {
                    $( $code => Self::$variant, )+
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<$name> for $int {
            fn from(value: $name) -> Self {
                value.code()
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.label() {
                    Some(label) => f.pad(label),
                    None => write!(f, "0x{:02X}", self.code()),
                }
            }
        }
    };
}

pub(crate) use wire_enum;

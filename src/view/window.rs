//! Scrolling as arithmetic: which row stands at the top, so that drawing changes no state.

/// The new offset (first row shown) so that `selected` of `len` rows stays on a screen of `height` rows,
/// moving as little as possible and keeping a margin of up to three rows around it.
pub fn window(selected: usize, offset: usize, len: usize, height: usize) -> usize {
    if height == 0 || len == 0 {
        return 0;
    }
    let selected = selected.min(len - 1);
    let margin = (height.saturating_sub(1) / 2).min(3);
    let highest = len.saturating_sub(height);
    let low = (selected + margin + 1).saturating_sub(height);
    let high = selected.saturating_sub(margin);
    offset.clamp(low.min(high), high).min(highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_while_selection_is_inside() {
        assert_eq!(window(10, 5, 100, 20), 5);
    }

    #[test]
    fn follows_with_a_margin() {
        assert_eq!(window(30, 5, 100, 20), 14);
        assert_eq!(window(2, 14, 100, 20), 0);
        assert_eq!(window(50, 60, 100, 20), 47);
    }

    #[test]
    fn ends_at_the_last_row() {
        assert_eq!(window(99, 0, 100, 20), 80);
        assert_eq!(window(500, 0, 100, 20), 80);
        assert_eq!(window(3, 9, 5, 20), 0);
        assert_eq!(window(0, 9, 0, 20), 0);
        assert_eq!(window(7, 0, 100, 1), 7);
        assert_eq!(window(7, 0, 100, 0), 0);
    }

    proptest::proptest! {
        #[test]
        fn selection_is_always_visible(selected in 0_usize..500, offset in 0_usize..500, len in 1_usize..400, height in 1_usize..80) {
            let top = window(selected, offset, len, height);
            let selected = selected.min(len - 1);
            proptest::prop_assert!(top <= selected && selected < top + height);
            proptest::prop_assert!(top == 0 || top + height <= len);
        }
    }
}

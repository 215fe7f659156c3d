"""Files without code: icons, styles, translations, rule packs, catalogues."""

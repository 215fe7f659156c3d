"""The GLSL of façades: storeys, windows, shops and balconies from what `facades.site_of` says."""

from __future__ import annotations

from viewers.scene.facades import CODES, OWN

# All corners of a face have the last one's values, and the last one of a wall is where it begins: so
# windows are counted along each wall from its own corner, and none is cut at its end.
OUT = "flat out vec4 dtSite;\nflat out vec4 dtOpening;\nflat out vec4 dtWall;\nflat out vec4 dtRoof;\n"
INTO = "flat in vec4 dtSite;\nflat in vec4 dtOpening;\nflat in vec4 dtWall;\nflat in vec4 dtRoof;\n"

# Per pattern: metres of a bay, half the share of its width that is window, and the shares of a storey
# at which the window begins and ends; then lit windows' part of homes, and whether the lowest storey
# is a shop and upper ones have balconies. In the order of `facades.PATTERNS`.
VERTEX_DEC = (
    """in vec4 dtSiteMC;
"""
    + OUT
    + """
const vec4 dtBays[9] = vec4[9](
  vec4(3.0, 0.22, 0.30, 0.76), vec4(2.5, 0.25, 0.28, 0.80), vec4(3.4, 0.31, 0.28, 0.80),
  vec4(1.6, 0.45, 0.24, 0.90), vec4(3.2, 0.39, 0.22, 0.86), vec4(5.5, 0.34, 0.62, 0.84),
  vec4(3.4, 0.33, 0.28, 0.84), vec4(2.5, 0.25, 0.28, 0.80), vec4(4.5, 0.16, 0.16, 0.78));
// Roofs: what a colour is multiplied by, and how much roofs of a kind differ from each other.
const vec4 dtRoofs[9] = vec4[9](
  vec4(1.03, 1.01, 0.98, 0.05), vec4(1.01, 0.95, 0.89, 0.14), vec4(0.97, 0.99, 1.00, 0.06),
  vec4(0.88, 0.92, 0.96, 0.05), vec4(0.97, 0.97, 0.96, 0.07), vec4(0.80, 0.90, 1.00, 0.10),
  vec4(1.06, 0.93, 0.84, 0.06), vec4(1.01, 0.96, 0.92, 0.13), vec4(1.04, 0.84, 0.71, 0.05));
// x: homes, y: offices, z: shops, of lit windows; w: balconies.
const vec4 dtLife[9] = vec4[9](
  vec4(0.6, 0.2, 0.0, 0.0), vec4(1.0, 0.0, 0.0, 0.55), vec4(1.0, 0.0, 0.0, 0.75),
  vec4(0.0, 1.0, 0.0, 0.0), vec4(0.0, 0.2, 0.8, 0.0), vec4(0.0, 0.15, 0.0, 0.0),
  vec4(0.0, 0.6, 0.0, 0.0), vec4(1.0, 0.0, 0.0, 0.55), vec4(0.1, 0.0, 0.1, 0.0));
"""
)
VERTEX_IMPL = f"""
  {{
  float floors = floor(dtSiteMC.w / {CODES}.0);
  float code = dtSiteMC.w - {CODES}.0 * floors;
  bool own = code > {OWN}.0 - 0.5;
  int kind = int(clamp(own ? code - {OWN}.0 : code, 0.0, 8.0) + 0.5);
  vec4 bay = dtBays[kind];
  vec4 life = dtLife[kind];
  dtRoof = dtRoofs[kind];
  float wall = dtSiteMC.z;
  // A wall has whole bays; one narrower than a window has none.
  float bays = own ? 1.0 / bay.x : max(floor(wall / bay.x + 0.35), 1.0) / max(wall, 0.1);
  bool blind = floors < 0.5 || (!own && wall < 1.3);
  dtSite = vec4(dtSiteMC.x, max(floors, 1.0) / max(dtSiteMC.y, 0.1), bays, max(floors, 1.0));
  dtOpening = vec4(blind ? -1.0 : bay.y, bay.z, bay.w, blind ? 0.0 : life.w);
  bool shop = kind == 4 || kind == 7;
  float lit = dot(life.xyz, litShare);
  dtWall = vec4(vertexMC.xy, own ? -1.0 - lit : lit, shop && !blind ? 0.04 + litShare.z : 0.0);
  }}
"""

FUNCTIONS = """
float dtBox(float x, float low, float high, float w) {
  return smoothstep(low - w, low + w, x) * (1.0 - smoothstep(high - w, high + w, x));
}
float dtHash(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * 0.1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}
"""

_BEGIN = """
  if (abs(n.z) < 0.35) {
    float z = dtPos.z - dtSite.x;
    float u = dtWall.z < -0.5 ? (abs(n.x) > 1.03 * abs(n.y) ? dtPos.y : dtPos.x)
                              : length(dtPos.xy - dtWall.xy);
    float share = dtWall.z < -0.5 ? -1.0 - dtWall.z : dtWall.z;
    vec2 g = vec2(u * dtSite.z, z * dtSite.y);
    vec2 w = max(fwidth(g), vec2(1e-4));
    float fade = 1.0 - smoothstep(0.28, 0.60, w.y);
    // Bays too narrow to be told apart leave bands: storeys are seen from farther away.
    float narrow = smoothstep(0.30, 0.65, w.x);
    float cover = max(2.0 * dtOpening.x * (dtOpening.z - dtOpening.y), 0.0);
    if (fade > 0.0 && facade > 0.0) {
      vec2 f = fract(g);
      bool shop = g.y < 1.0 && dtWall.w > 0.0;
      vec3 hole = shop ? vec3(0.47, 0.02, 0.74) : dtOpening.xyz;
      float aside = abs(f.x - 0.5);
      float body = smoothstep(0.0, 0.4, z);
      float across = 1.0 - smoothstep(hole.x - w.x * 0.7, hole.x + w.x * 0.7, aside);
      across = mix(across, clamp(2.0 * hole.x, 0.0, 1.0), narrow);
      float win = across
        * dtBox(f.y, hole.y, hole.z, w.y * 0.7) * body;
      float slab = 1.0 - dtBox(f.y, 0.045, 0.955, w.y * 0.7);
      vec2 room = floor(g) + floor(dtWall.xy * 3.0 + dtSite.x);
      float pick = dtHash(room);
"""
_END = """
      base *= 1.0 - 0.10 * slab * fade * facade;
      if (shop) share = dtWall.w - 0.04;
      vec3 lamp = mix(vec3(1.0, 0.66, 0.30), vec3(0.95, 0.86, 0.68), fract(pick * 7.3));
      float lit = mix(step(1.0 - share, pick), share, narrow) * (0.30 + 0.55 * fract(pick * 23.0));
      glow += lamp * lit * win * fade * night;
    }
    base *= 1.0 - 0.62 * cover * facade * (1.0 - fade);
    glow += vec3(0.95, 0.70, 0.42) * 0.26 * cover * share * night * (1.0 - fade) * facade;
"""
# A roof has the tone of its use, some warmer and some greyer; colours that say something stay nearly so.
_ROOF = """
  } else {
    float lot = fract(dtSite.x * 7.31 + dtSite.y * 91.7 + dtSite.w * 0.37) - 0.5;
    vec3 tone = dtRoof.rgb * (1.0 + dtRoof.w * vec3(1.2, 1.0, 0.8) * lot);
    base *= mix(vec3(1.0), tone, n.z > 0.0 ? facade : 0.0);
  }
"""
PLAIN = (
    _BEGIN
    + """
      vec3 glass = base * 0.30 + skyZenith * (0.05 + 0.06 * pick);
      base = mix(base, glass, 0.86 * win * fade * facade);
"""
    + _END
    + _ROOF
)
# A still picture has what a look from the street expects: the sky in the panes, curtains, the shade of
# a reveal, frames, balconies, a plinth and the edge of the roof.
FINE = (
    _BEGIN
    + """
      float near = 1.0 - smoothstep(0.02, 0.07, max(w.x, w.y));
      float balcony = g.y >= 1.0 && g.y < dtSite.w - 0.02
        ? step(1.0 - dtOpening.w, dtHash(vec2(floor(g.x) + 3.0, floor(dtWall.x + dtWall.y)))) : 0.0;
      float rail = balcony * dtBox(aside, -1.0, 0.43, w.x * 0.7) * dtBox(f.y, 0.0, 0.30, w.y * 0.7);
      float niche = balcony * dtBox(aside, -1.0, 0.43, w.x * 0.7) * dtBox(f.y, 0.30, 0.86, w.y * 0.7);
      float reveal = smoothstep(hole.z - 0.10, hole.z, f.y) * near;
      float frame = 1.0 - smoothstep(0.012, 0.012 + w.x, aside);
      frame = max(frame, 1.0 - smoothstep(0.010, 0.010 + w.y, abs(f.y - mix(hole.y, hole.z, 0.62))));
      frame *= near * (shop ? 0.4 : 0.8);
      vec3 up = reflect(dir, n);
      up.z = abs(up.z) * 0.8 + 0.06;
      float bend = 1.0 - abs(dot(dir, n));
      vec3 glass = base * 0.13 + vec3(0.012, 0.016, 0.020);
      float curtain = step(0.62, fract(pick * 5.1)) * smoothstep(0.30, 0.36, f.y + 0.3 * fract(pick * 11.0));
      glass = mix(glass, vec3(0.30, 0.28, 0.25), shop ? 0.0 : 0.45 * curtain);
      glass = mix(glass, base * 0.9, frame) * (1.0 - 0.45 * reveal);
      base *= 1.0 - 0.30 * niche * (1.0 - win) * fade * facade;
      win *= 1.0 - rail;
      base = mix(base, glass, 0.92 * win * fade * facade);
      base = mix(base, base * 1.10 + 0.015, rail * fade * facade);
      // The sky in a pane is its own light: neither sun nor shade of the wall changes it.
      glow += dtSky(up) * (0.10 + 0.42 * bend * bend * bend) * win * fade * facade * (1.0 - frame)
        * (0.8 + 0.4 * pick);
      base *= 1.0 - 0.14 * near * (1.0 - smoothstep(0.45, 0.60, z)) * facade;
      float top = (dtSite.w - g.y) / dtSite.y;
      base *= 1.0 + facade * near * (0.10 * (1.0 - smoothstep(0.32, 0.38, top))
        - 0.22 * dtBox(top, 0.36, 0.46, 0.03));
"""
    + _END
    + _ROOF
)

"""The GLSL of water, crowns of trees, and the plain around a city."""

from __future__ import annotations

# Waves along four ways, each left out where it is smaller than a pixel: far water is calm, not grainy.
WAVES = """
float dtWave(vec2 p, vec2 way, float size, inout vec2 slope) {
  float phase = dot(p, way) / size;
  float keep = 1.0 - smoothstep(0.9, 2.6, fwidth(phase));
  slope += way * cos(phase) * keep;
  return keep;
}
"""
_WATER_LIGHT = """
  vec3 r = reflect(dir, wn);
  r.z = abs(r.z) + 0.02;
  r = normalize(r);
  float fresnel = 0.03 + 0.90 * pow(1.0 - clamp(dot(-dir, wn), 0.0, 1.0), 4.0);
  // What comes back out of the water: green of the depth, a part of the layer's own colour.
  base = mix(base * vec3(0.50, 0.62, 0.60), vec3(0.048, 0.086, 0.074), 0.66) * (1.0 - 0.72 * night);
"""
WATER = (
    """
  float ripple = 0.020 / (1.0 + dist * 0.004);
  vec3 wn = normalize(vec3(
    ripple * (sin(dtPos.x * 0.31 + dtPos.y * 0.13) + 0.6 * sin(dtPos.x * 0.97 - dtPos.y * 0.71)),
    ripple * (sin(dtPos.y * 0.29 - dtPos.x * 0.17) + 0.6 * sin(dtPos.y * 0.88 + dtPos.x * 0.63)),
    1.0));
"""
    + _WATER_LIGHT
    + "  vec3 mirror = dtSky(r);\n  mirror = mix(vec3(dot(mirror, vec3(0.3, 0.5, 0.2))), mirror, 0.72);\n"
)
WATER_FINE = (
    """
  vec2 p = dtPos.xy;
  // Breezes roughen some parts and leave others smooth.
  float breeze = sin(p.x * 0.023 + 2.1 * sin(p.y * 0.017)) * sin(p.y * 0.029 + 1.7 * sin(p.x * 0.013));
  p += 0.8 * vec2(sin(p.y * 0.21), sin(p.x * 0.19));
  vec2 slope = vec2(0.0), fine = vec2(0.0);
  float kept = dtWave(p, vec2(0.92, 0.39), 3.1, slope) + dtWave(p, vec2(-0.35, 0.94), 2.3, slope);
  kept += dtWave(p, vec2(0.63, -0.78), 0.93, fine) + dtWave(p, vec2(0.17, 0.98), 0.61, fine)
    + dtWave(p, vec2(-0.87, 0.49), 0.37, fine);
  float rough = 0.55 + 0.45 * breeze;
  vec3 wn = normalize(vec3(slope * 0.011 * (0.6 + rough) + fine * 0.017 * rough, 1.0));
"""
    + _WATER_LIGHT
    + """
  // Waves too small to be drawn still spread the mirrored sun and lift the mirrored sky.
  float unseen = clamp(1.0 - kept / 5.0, 0.0, 1.0) * rough;
  float s = max(dot(r, sunDir), 0.0);
  float glint = mix(pow(s, 420.0) * 2.2, pow(s, 60.0) * 0.35, unseen);
  r.z += 0.10 * unseen;
  vec3 mirror = dtSky(normalize(r)) * (0.94 + 0.06 * breeze) + skyGlow * glint * (1.0 - night);
  base *= 1.0 + 0.10 * breeze;
  mirror = mix(vec3(dot(mirror, vec3(0.3, 0.5, 0.2))), mirror, 0.72);
"""
)
# Shade lies on the mud below, hardly on the water itself.
WATER_SHADE = "  lit = mix(1.0, lit, 0.40);\n  open = mix(1.0, open, 0.5);\n"
WATER_END = "  colour = mix(colour, mirror * mix(0.82, 1.0, lit), fresnel);\n"

# Leaves let light through: the side turned away from the sun is not black.
TREE_SUN = "  sun = max((dot(n, sunDir) + 0.30) / 1.30, 0.0);\n"
LEAVES = """
float dtGrain(vec3 p) {
  vec3 q = fract(p * 0.1031);
  q += dot(q, q.zyx + 31.32);
  return fract((q.x + q.y) * q.z);
}
float dtClump(vec3 p) {
  vec3 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  vec3 e = i + vec3(1.0, 0.0, 0.0), s = i + vec3(0.0, 1.0, 0.0), d = e + vec3(0.0, 1.0, 0.0);
  vec3 u = vec3(0.0, 0.0, 1.0);
  vec4 low = vec4(dtGrain(i), dtGrain(e), dtGrain(s), dtGrain(d));
  vec4 high = vec4(dtGrain(i + u), dtGrain(e + u), dtGrain(s + u), dtGrain(d + u));
  vec4 z = mix(low, high, f.z);
  vec2 y = mix(z.xy, z.zw, f.y);
  return mix(y.x, y.y, f.x);
}
"""
# Clumps of leaves: lighter outside, dark gaps between; only where they are larger than a pixel.
TREE = """
  if (base.g > base.r) {
    float pixel = length(fwidth(dtPos));
    float big = 1.0 - smoothstep(0.5, 1.6, pixel);
    float small = 1.0 - smoothstep(0.12, 0.40, pixel);
    if (big > 0.0) {
      float a = dtClump(dtPos * 1.15) - 0.5;
      float b = small > 0.0 ? dtClump(dtPos * 3.4 + 17.0) - 0.5 : 0.0;
      vec3 bump = vec3(a, dtClump(dtPos.yzx * 1.15 + 5.0) - 0.5, b);
      n = normalize(n + bump * vec3(1.0, 1.0, 0.9) * big);
      base *= 1.0 + big * (0.60 * a + 0.55 * b * small);
      base *= mix(vec3(1.0), vec3(1.06, 1.0, 0.88), clamp(a + 0.4, 0.0, 1.0) * big);
    }
    base *= 0.76 + 0.24 * n.z;
  }
"""

# The plain pales away beyond the city, so that nothing stands out where nothing is known.
_BEYOND = """
  float beyond = smoothstep(0.85, 2.6, length(dtPos.xy - plainAround.xy) / max(plainAround.z, 1.0));
"""
PLAIN_FADE = _BEYOND + "  colour = mix(colour, mix(colour, skyHorizon, 0.62), beyond);\n"
# The same for what is lit at its corners: less light of its own, and more of the air's.
PLAIN_FADE_LIT = (
    "  {\n"
    + _BEYOND
    + """
  dtLight *= 1.0 - 0.62 * beyond;
  dtHaze.rgb += skyHorizon * 0.62 * beyond * dtHaze.a;
  }
"""
)

"""The GLSL of the scene: sun, sky light, obscurance, haze."""

from __future__ import annotations

VERTEX_DEC = """//VTK::PositionVC::Dec
out vec3 dtPos;
out vec3 dtRel;
"""
VERTEX_IMPL = """//VTK::PositionVC::Impl
  dtPos = vertexMC.xyz;
  dtRel = vertexMC.xyz - eyeVS;
"""
# The plain goes with the eye, so that it reaches to the horizon from anywhere.
VERTEX_AROUND = """//VTK::PositionVC::Impl
  dtPos = vertexMC.xyz + vec3(eyeVS.xy, 0.0);
  dtRel = dtPos - eyeVS;
  gl_Position = MCDCMatrix * vec4(dtPos, 1.0);
"""
# Moving frames find haze per corner: far cheaper, and nearly the same over small faces.
VERTEX_HAZE_DEC = "out vec4 dtHaze;\n"
HAZE_IN_DEC = "in vec4 dtHaze;\n"
# Outlines and surfaces come nearer by a share of their distance, so that what lies under them
# never cuts into them; where they are on the screen does not change.
# A constant step in depth wins over the ground below at any distance, unlike a lift in metres.
VERTEX_PULL = "  gl_Position = MCDCMatrix * vec4(mix(vertexMC.xyz, eyeVS, pull), 1.0);\n"
# Ground is drawn up to a pixel off its heights: what lies on it is compared in depth as if it hung
# two pixels higher. Only its depth changes, and only in front of the eye.
VERTEX_LIFT = """
  {
  float lift = length(dtRel) * 0.001;
  vec4 above = MCDCMatrix * vec4(mix(vertexMC.xyz + vec3(0.0, 0.0, lift), eyeVS, pull), 1.0);
  if (above.w > 0.2 && gl_Position.w > 0.2) gl_Position.z = above.z / above.w * gl_Position.w;
  }
"""
VERTEX_BIAS = "  gl_Position.z -= %.9f * gl_Position.w;\n"
NORMAL_DEC, NORMAL_IMPL = "in vec3 dtNormalMC;\nout vec3 dtNormal;\n", "  dtNormal = dtNormalMC;\n"

# Points are lit at their corner: software GL shades sixteen pixels for one that is drawn.
POINT_DEC = VERTEX_HAZE_DEC + "out vec3 dtPoint;\n"
POINT_IMPL = """
  vec3 lit = scalarColor.rgb * scalarColor.rgb * pointLight * dtHaze.a + dtHaze.rgb;
  gl_PointSize = clamp(pointSize.x / max(length(dtRel), 0.1), pointSize.y, pointSize.z);
  dtPoint = sqrt(lit * (1.0 + lit * 0.16) / (1.0 + lit * 0.34));
"""
POINT_END = "  fragOutput0 = vec4(dtPoint, opacity);\n"

SKY = """
// A low sun warms its own side of the horizon far to both sides and leaves the other cool: 0 … 1.
float dtWarm(vec2 way) {
  float side = 0.5 + 0.5 * dot(way, sunDir.xy)
    * inversesqrt(max(dot(way, way) * dot(sunDir.xy, sunDir.xy), 1e-8));
  side *= clamp(1.0 - 2.4 * abs(sunDir.z), 0.0, 1.0);
  return side * side;
}
vec3 dtSky(vec3 d) {
  float h = max(d.z, 0.0);
  float s = max(dot(d, sunDir), 0.0);
  float low = exp(-h * 15.0);
  vec3 c = mix(skyZenith, skyHorizon, low * 0.62 + 0.38 * exp(-h * 4.5));
  float s2 = s * s; float s8 = s2 * s2 * s2 * s2;
  float warm = 0.62 * dtWarm(d.xy) * (0.55 * exp(-h * 5.0) + 0.45 * low);
  return c + skyGlow * (warm + s8 * 0.16 * (0.35 + 0.5 * low) + 0.25 * s8 * s8 * s8);
}
vec3 dtShow(vec3 linear) {
  // A soft shoulder keeps bright roofs from burning out; gamma 2 is close to sRGB and cheap.
  vec3 c = max(linear, 0.0);
  c = c * (1.0 + c * 0.16) / (1.0 + c * 0.34);
  return sqrt(c);
}
"""

# Where more than zero, a point is cut away: outside the box (inside where its sign is −1), or on
# the far side of the plane. Compiled in only while something is cut.
CUT_FUNCTIONS = """
float dtCut(vec3 p) {
  vec3 q = p - cutMiddle;
  q.xy = vec2(q.x * cutTurn.x - q.y * cutTurn.y, q.x * cutTurn.y + q.y * cutTurn.x);
  q = abs(q) - cutHalf;
  return max(cutTurn.z * max(q.x, max(q.y, q.z)), dot(cutNormal, p) - cutOffset);
}
"""
CUT = "\n  if (dtCut(dtPos + cutShift) > 0.0) discard;\n"
# Seen from inside, a solid is shown as if it were filled.
FILLED = "  if (!gl_FrontFacing) colour = cutColour * unlit;\n"

LIGHT_DEC = """//VTK::PositionVC::Dec
in vec3 dtPos;
in vec3 dtRel;
"""

FLAT_NORMAL = """
  vec3 n = normalize(cross(dFdx(dtRel), dFdy(dtRel)));
  if (dot(n, dtRel) > 0.0) n = -n;
"""
SMOOTH_NORMAL = "\n  vec3 n = normalize(dtNormal);\n  if (dot(n, dtRel) > 0.0) n = -n;\n"
UP_NORMAL = "\n  vec3 n = vec3(0.0, 0.0, 1.0);\n"

START = """
  vec3 base = diffuseColor * diffuseColor;
  float dist = length(dtRel);
  vec3 dir = dtRel / max(dist, 0.001);
  vec3 glow = vec3(0.0);
"""

DRAPE = """
  vec2 duv = dtPos.xy * drapeScale.xy + drapeShift.xy;
  if (duv.x >= 0.0 && duv.y >= 0.0 && duv.x <= 1.0 && duv.y <= 1.0) {
    vec3 picture = texture(drapeMap, duv).rgb;
    base = mix(base, picture * picture, drapeShift.z);
  }
"""

# A tile of the ground may wear a picture of its own; where there is none it is transparent. Its
# skirt (z of the attribute: how far a corner hangs down) is lit as the edge it hangs from.
UV_DEC = "in vec3 dtUvMC;\nout vec2 dtUv;\n"
UV_IMPL = "  dtUv = dtUvMC.xy;\n  dtPos.z += dtUvMC.z;\n"
DRAPE_TILE = """
  vec4 picture = texture(actortexture, dtUv);
  base = mix(base, picture.rgb * picture.rgb, picture.a * drapeShift.z);
"""
# Software GL takes twice as long to mix texels as to read one; while something moves nobody sees it.
DRAPE_TILE_QUICK = """
  vec4 picture = texelFetch(actortexture, ivec2(clamp(dtUv, 0.0, 0.9999) *
    vec2(textureSize(actortexture, 0))), 0);
  base = mix(base, picture.rgb * picture.rgb, picture.a * drapeShift.z);
"""
TILE_NORMAL = "\n  vec3 n = normalize(dtNormal);\n"
# Ground is lit as if it were steeper, as in a hillshade: streets fall by a few in a hundred.
# A moving picture of the ground in software is lit at its corners, and so are the plain and the land
# around in any moving frame: two million pixels have but a texel to read, their light and the haze.
LIT_DEC, LIT_IN_DEC = "out vec3 dtLight;\n", "in vec3 dtLight;\n"
_LIT = """
  {
  vec3 n = %s;
  vec3 ambient = mix(bounceLight, skyLight, 0.5 + 0.5 * n.z);
  dtLight = (ambient + sunLight * max(dot(n, sunDir), 0.0)) * dtHaze.a;
  }
"""
LIT_IMPL = _LIT % "normalize(vec3(dtNormalMC.xy * 2.4, dtNormalMC.z))"
LIT_LAND, LIT_PLAIN = _LIT % "normalize(dtNormalMC)", _LIT % "vec3(0.0, 0.0, 1.0)"
LIT_END = "  vec3 colour = base * dtLight + dtHaze.rgb;\n"
RELIEF_NORMAL = "\n  vec3 n = normalize(vec3(dtNormal.xy * 2.4, dtNormal.z));\n"

# Software GL runs both sides of every branch, so what a moving frame does without is left out of
# its shader altogether.
SUN = "\n  float sun = max(dot(n, sunDir), 0.0);\n  float lit = 1.0;\n  float open = 1.0;\n"
OPEN_SKY = """
  if (occlusion > 0.0) {
    vec2 ouv = (dtPos.xy + n.xy * 1.5) * skyScale.xy + skyShift.xy;
    vec2 oin = abs(ouv - 0.5);
    vec4 code = texture(skyMap, ouv) * 255.0;
    vec2 above = skyScale.z + skyShift.z * (code.rb * 256.0 + code.ga) / 65535.0 - dtPos.z;
    // A wall's own roof is above it in this map: it must not darken its foot as a neighbour's does.
    vec2 share = vec2(0.46, 0.20 + 0.18 * n.z) * clamp(above / vec2(7.0, 30.0), 0.0, 1.0);
    float hidden = share.x + share.y;
    open = max(oin.x, oin.y) < 0.5 ? 1.0 - occlusion * hidden : 1.0;
  }
"""
LIGHT = """
  vec3 ambient = mix(bounceLight, skyLight, 0.5 + 0.5 * n.z) * open;
  vec3 colour = base * (ambient + sunLight * sun * lit * (0.75 + 0.25 * open)) + glow;
"""

AIR = """
  float far = dist * hazeDensity;
  far *= far;
  vec3 air = skyHorizon;
  float ahead = max(dot(dir.xy, sunDir.xy), 0.0) * inversesqrt(max(dot(dir.xy, dir.xy), 1e-6));
  ahead *= ahead; ahead *= ahead; ahead *= ahead;
  float side = 0.5 + 0.5 * dot(dir.xy, sunDir.xy)
    * inversesqrt(max(dot(dir.xy, dir.xy) * dot(sunDir.xy, sunDir.xy), 1e-8));
  side *= clamp(1.0 - 2.4 * abs(sunDir.z), 0.0, 1.0);
  air += skyGlow * (ahead * 0.12 + 0.55 * side * side);
  // Some of the plain's own colour is left at the horizon, so that there is a line to be seen.
  float share = 0.80 * far / (0.75 + far);
"""
HAZE = AIR + "  colour = mix(colour, air, share);\n"
VERTEX_HAZE = (
    "  {\n  float dist = length(dtRel);\n  vec3 dir = dtRel / max(dist, 0.001);\n"
    + AIR
    + "  dtHaze = vec4(air * share, 1.0 - share);\n  }\n"
)
HAZE_PLAIN = "  colour = colour * dtHaze.a + dtHaze.rgb;\n"

# Half a step of noise hides the bands of eight bits in haze and sky (Jimenez 2014).
GRAIN = """
  float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
"""
END_PLAIN = "  fragOutput0 = vec4(dtShow(colour), opacity);\n"
END = GRAIN + "  fragOutput0 = vec4(dtShow(colour) + (grain - 0.5) / 200.0, opacity);\n"

# What lies in the earth is seen as by a lamp at the eye: no sun and no sky reach it.
PIPE = "  vec3 colour = base * (0.35 + 0.65 * abs(dot(n, dir))) * unlit * 1.5;\n"
UNLIT = """
  vec3 colour = base * unlit;
"""

SKY_VERTEX = "  gl_Position = vec4(vertexMC.xy, 1.0, 1.0);\n  dtCorner = vertexMC.xy;\n"
# Moving frames find the sky at the corners of a grid over the window.
SKY_VERTEX_PLAIN = (
    SKY_VERTEX
    + "  dtAir = dtShow(dtSky(normalize(\n"
    + "    viewForward + dtCorner.x * viewRight + dtCorner.y * viewUp)));\n"
)
SKY_FRAGMENT_PLAIN = "  fragOutput0 = vec4(dtAir, 1.0);\n"
SKY_FRAGMENT = (
    GRAIN
    + """
  vec3 d = normalize(viewForward + dtCorner.x * viewRight + dtCorner.y * viewUp);
  vec3 colour = dtSky(d);
  colour += skyGlow * smoothstep(0.99991, 0.99996, dot(d, sunDir)) * 2.0;
  fragOutput0 = vec4(dtShow(colour) + (grain - 0.5) / 200.0, 1.0);
"""
)

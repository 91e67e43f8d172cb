<?xml version="1.0" encoding="UTF-8"?>
<sld:StyledLayerDescriptor xmlns:ogc="http://www.opengis.net/ogc" xmlns:se="http://www.opengis.net/se" xmlns:sld="http://www.opengis.net/sld" version="1.1.0">
  <sld:NamedLayer>
    <se:Name>demo.rules</se:Name>
    <sld:UserStyle>
      <se:Name>demo.rules</se:Name>
      <se:Description>
        <se:Title>Шар &lt;1&gt;</se:Title>
      </se:Description>
      <se:FeatureTypeStyle>
        <se:Rule>
          <se:Name>class-0</se:Name>
          <se:Description>
            <se:Title>use починається з 02. та area_ha ≥ 2</se:Title>
          </se:Description>
          <ogc:Filter>
            <ogc:And>
              <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\">
                <ogc:PropertyName>use</ogc:PropertyName>
                <ogc:Literal>02.%</ogc:Literal>
              </ogc:PropertyIsLike>
              <ogc:PropertyIsGreaterThanOrEqualTo>
                <ogc:PropertyName>area_ha</ogc:PropertyName>
                <ogc:Literal>2</ogc:Literal>
              </ogc:PropertyIsGreaterThanOrEqualTo>
            </ogc:And>
          </ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">#aa0000</se:SvgParameter>
              <se:SvgParameter name="fill-opacity">0.8</se:SvgParameter>
            </se:Fill>
            <se:Stroke>
              <se:SvgParameter name="stroke">#333333</se:SvgParameter>
              <se:SvgParameter name="stroke-width">1</se:SvgParameter>
            </se:Stroke>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>class-1</se:Name>
          <se:Description>
            <se:Title>use = 01.01, 01.03 або vacant = так</se:Title>
          </se:Description>
          <ogc:Filter>
            <ogc:And>
              <ogc:Or>
                <ogc:Or>
                  <ogc:PropertyIsEqualTo>
                    <ogc:PropertyName>use</ogc:PropertyName>
                    <ogc:Literal>01.01</ogc:Literal>
                  </ogc:PropertyIsEqualTo>
                  <ogc:PropertyIsEqualTo>
                    <ogc:PropertyName>use</ogc:PropertyName>
                    <ogc:Literal>01.03</ogc:Literal>
                  </ogc:PropertyIsEqualTo>
                </ogc:Or>
                <ogc:PropertyIsEqualTo>
                  <ogc:PropertyName>vacant</ogc:PropertyName>
                  <ogc:Literal>true</ogc:Literal>
                </ogc:PropertyIsEqualTo>
              </ogc:Or>
              <ogc:Not>
                <ogc:And>
                  <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\">
                    <ogc:PropertyName>use</ogc:PropertyName>
                    <ogc:Literal>02.%</ogc:Literal>
                  </ogc:PropertyIsLike>
                  <ogc:PropertyIsGreaterThanOrEqualTo>
                    <ogc:PropertyName>area_ha</ogc:PropertyName>
                    <ogc:Literal>2</ogc:Literal>
                  </ogc:PropertyIsGreaterThanOrEqualTo>
                </ogc:And>
              </ogc:Not>
            </ogc:And>
          </ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">#00aa00</se:SvgParameter>
              <se:SvgParameter name="fill-opacity">0.8</se:SvgParameter>
            </se:Fill>
          </se:PolygonSymbolizer>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:GraphicFill>
                <se:Graphic>
                  <se:Mark>
                    <se:WellKnownName>shape://dot</se:WellKnownName>
                    <se:Stroke>
                      <se:SvgParameter name="stroke">#333333</se:SvgParameter>
                      <se:SvgParameter name="stroke-width">1</se:SvgParameter>
                    </se:Stroke>
                  </se:Mark>
                  <se:Size>8</se:Size>
                </se:Graphic>
              </se:GraphicFill>
            </se:Fill>
            <se:Stroke>
              <se:SvgParameter name="stroke">#333333</se:SvgParameter>
              <se:SvgParameter name="stroke-width">1</se:SvgParameter>
            </se:Stroke>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>class-2</se:Name>
          <se:Description>
            <se:Title>floors &lt; 2 або floors &gt; 9</se:Title>
          </se:Description>
          <ogc:Filter>
            <ogc:And>
              <ogc:Or>
                <ogc:PropertyIsLessThan>
                  <ogc:PropertyName>floors</ogc:PropertyName>
                  <ogc:Literal>2</ogc:Literal>
                </ogc:PropertyIsLessThan>
                <ogc:PropertyIsGreaterThan>
                  <ogc:PropertyName>floors</ogc:PropertyName>
                  <ogc:Literal>9</ogc:Literal>
                </ogc:PropertyIsGreaterThan>
              </ogc:Or>
              <ogc:Not>
                <ogc:Or>
                  <ogc:And>
                    <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\">
                      <ogc:PropertyName>use</ogc:PropertyName>
                      <ogc:Literal>02.%</ogc:Literal>
                    </ogc:PropertyIsLike>
                    <ogc:PropertyIsGreaterThanOrEqualTo>
                      <ogc:PropertyName>area_ha</ogc:PropertyName>
                      <ogc:Literal>2</ogc:Literal>
                    </ogc:PropertyIsGreaterThanOrEqualTo>
                  </ogc:And>
                  <ogc:Or>
                    <ogc:Or>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.01</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.03</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                    </ogc:Or>
                    <ogc:PropertyIsEqualTo>
                      <ogc:PropertyName>vacant</ogc:PropertyName>
                      <ogc:Literal>true</ogc:Literal>
                    </ogc:PropertyIsEqualTo>
                  </ogc:Or>
                </ogc:Or>
              </ogc:Not>
            </ogc:And>
          </ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">#0000aa</se:SvgParameter>
              <se:SvgParameter name="fill-opacity">0.8</se:SvgParameter>
            </se:Fill>
            <se:Stroke>
              <se:SvgParameter name="stroke">#333333</se:SvgParameter>
              <se:SvgParameter name="stroke-width">1</se:SvgParameter>
            </se:Stroke>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>class-3</se:Name>
          <se:Description>
            <se:Title>until &lt; 2026-01-01</se:Title>
          </se:Description>
          <ogc:Filter>
            <ogc:And>
              <ogc:PropertyIsLessThan>
                <ogc:PropertyName>until</ogc:PropertyName>
                <ogc:Literal>2026-01-01</ogc:Literal>
              </ogc:PropertyIsLessThan>
              <ogc:Not>
                <ogc:Or>
                  <ogc:And>
                    <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\">
                      <ogc:PropertyName>use</ogc:PropertyName>
                      <ogc:Literal>02.%</ogc:Literal>
                    </ogc:PropertyIsLike>
                    <ogc:PropertyIsGreaterThanOrEqualTo>
                      <ogc:PropertyName>area_ha</ogc:PropertyName>
                      <ogc:Literal>2</ogc:Literal>
                    </ogc:PropertyIsGreaterThanOrEqualTo>
                  </ogc:And>
                  <ogc:Or>
                    <ogc:Or>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.01</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.03</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                    </ogc:Or>
                    <ogc:PropertyIsEqualTo>
                      <ogc:PropertyName>vacant</ogc:PropertyName>
                      <ogc:Literal>true</ogc:Literal>
                    </ogc:PropertyIsEqualTo>
                  </ogc:Or>
                  <ogc:Or>
                    <ogc:PropertyIsLessThan>
                      <ogc:PropertyName>floors</ogc:PropertyName>
                      <ogc:Literal>2</ogc:Literal>
                    </ogc:PropertyIsLessThan>
                    <ogc:PropertyIsGreaterThan>
                      <ogc:PropertyName>floors</ogc:PropertyName>
                      <ogc:Literal>9</ogc:Literal>
                    </ogc:PropertyIsGreaterThan>
                  </ogc:Or>
                </ogc:Or>
              </ogc:Not>
            </ogc:And>
          </ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">#aa00aa</se:SvgParameter>
              <se:SvgParameter name="fill-opacity">0.8</se:SvgParameter>
            </se:Fill>
            <se:Stroke>
              <se:SvgParameter name="stroke">#333333</se:SvgParameter>
              <se:SvgParameter name="stroke-width">1</se:SvgParameter>
            </se:Stroke>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>class-4</se:Name>
          <se:Description>
            <se:Title>Без цілі</se:Title>
          </se:Description>
          <ogc:Filter>
            <ogc:And>
              <ogc:Or>
                <ogc:PropertyIsNull>
                  <ogc:PropertyName>use</ogc:PropertyName>
                </ogc:PropertyIsNull>
                <ogc:PropertyIsEqualTo>
                  <ogc:PropertyName>use</ogc:PropertyName>
                  <ogc:Literal />
                </ogc:PropertyIsEqualTo>
              </ogc:Or>
              <ogc:Not>
                <ogc:Or>
                  <ogc:And>
                    <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\">
                      <ogc:PropertyName>use</ogc:PropertyName>
                      <ogc:Literal>02.%</ogc:Literal>
                    </ogc:PropertyIsLike>
                    <ogc:PropertyIsGreaterThanOrEqualTo>
                      <ogc:PropertyName>area_ha</ogc:PropertyName>
                      <ogc:Literal>2</ogc:Literal>
                    </ogc:PropertyIsGreaterThanOrEqualTo>
                  </ogc:And>
                  <ogc:Or>
                    <ogc:Or>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.01</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.03</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                    </ogc:Or>
                    <ogc:PropertyIsEqualTo>
                      <ogc:PropertyName>vacant</ogc:PropertyName>
                      <ogc:Literal>true</ogc:Literal>
                    </ogc:PropertyIsEqualTo>
                  </ogc:Or>
                  <ogc:Or>
                    <ogc:PropertyIsLessThan>
                      <ogc:PropertyName>floors</ogc:PropertyName>
                      <ogc:Literal>2</ogc:Literal>
                    </ogc:PropertyIsLessThan>
                    <ogc:PropertyIsGreaterThan>
                      <ogc:PropertyName>floors</ogc:PropertyName>
                      <ogc:Literal>9</ogc:Literal>
                    </ogc:PropertyIsGreaterThan>
                  </ogc:Or>
                  <ogc:PropertyIsLessThan>
                    <ogc:PropertyName>until</ogc:PropertyName>
                    <ogc:Literal>2026-01-01</ogc:Literal>
                  </ogc:PropertyIsLessThan>
                </ogc:Or>
              </ogc:Not>
            </ogc:And>
          </ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">#777777</se:SvgParameter>
              <se:SvgParameter name="fill-opacity">0.8</se:SvgParameter>
            </se:Fill>
            <se:Stroke>
              <se:SvgParameter name="stroke">#333333</se:SvgParameter>
              <se:SvgParameter name="stroke-width">1</se:SvgParameter>
            </se:Stroke>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>class-5</se:Name>
          <se:Description>
            <se:Title>use ≠ 03.02 та use не починається з 04.</se:Title>
          </se:Description>
          <ogc:Filter>
            <ogc:And>
              <ogc:And>
                <ogc:And>
                  <ogc:Not>
                    <ogc:Or>
                      <ogc:PropertyIsNull>
                        <ogc:PropertyName>use</ogc:PropertyName>
                      </ogc:PropertyIsNull>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal />
                      </ogc:PropertyIsEqualTo>
                    </ogc:Or>
                  </ogc:Not>
                  <ogc:PropertyIsNotEqualTo>
                    <ogc:PropertyName>use</ogc:PropertyName>
                    <ogc:Literal>03.02</ogc:Literal>
                  </ogc:PropertyIsNotEqualTo>
                </ogc:And>
                <ogc:And>
                  <ogc:Not>
                    <ogc:Or>
                      <ogc:PropertyIsNull>
                        <ogc:PropertyName>use</ogc:PropertyName>
                      </ogc:PropertyIsNull>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal />
                      </ogc:PropertyIsEqualTo>
                    </ogc:Or>
                  </ogc:Not>
                  <ogc:Not>
                    <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\">
                      <ogc:PropertyName>use</ogc:PropertyName>
                      <ogc:Literal>04.%</ogc:Literal>
                    </ogc:PropertyIsLike>
                  </ogc:Not>
                </ogc:And>
              </ogc:And>
              <ogc:Not>
                <ogc:Or>
                  <ogc:And>
                    <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\">
                      <ogc:PropertyName>use</ogc:PropertyName>
                      <ogc:Literal>02.%</ogc:Literal>
                    </ogc:PropertyIsLike>
                    <ogc:PropertyIsGreaterThanOrEqualTo>
                      <ogc:PropertyName>area_ha</ogc:PropertyName>
                      <ogc:Literal>2</ogc:Literal>
                    </ogc:PropertyIsGreaterThanOrEqualTo>
                  </ogc:And>
                  <ogc:Or>
                    <ogc:Or>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.01</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                      <ogc:PropertyIsEqualTo>
                        <ogc:PropertyName>use</ogc:PropertyName>
                        <ogc:Literal>01.03</ogc:Literal>
                      </ogc:PropertyIsEqualTo>
                    </ogc:Or>
                    <ogc:PropertyIsEqualTo>
                      <ogc:PropertyName>vacant</ogc:PropertyName>
                      <ogc:Literal>true</ogc:Literal>
                    </ogc:PropertyIsEqualTo>
                  </ogc:Or>
                  <ogc:Or>
                    <ogc:PropertyIsLessThan>
                      <ogc:PropertyName>floors</ogc:PropertyName>
                      <ogc:Literal>2</ogc:Literal>
                    </ogc:PropertyIsLessThan>
                    <ogc:PropertyIsGreaterThan>
                      <ogc:PropertyName>floors</ogc:PropertyName>
                      <ogc:Literal>9</ogc:Literal>
                    </ogc:PropertyIsGreaterThan>
                  </ogc:Or>
                  <ogc:PropertyIsLessThan>
                    <ogc:PropertyName>until</ogc:PropertyName>
                    <ogc:Literal>2026-01-01</ogc:Literal>
                  </ogc:PropertyIsLessThan>
                  <ogc:Or>
                    <ogc:PropertyIsNull>
                      <ogc:PropertyName>use</ogc:PropertyName>
                    </ogc:PropertyIsNull>
                    <ogc:PropertyIsEqualTo>
                      <ogc:PropertyName>use</ogc:PropertyName>
                      <ogc:Literal />
                    </ogc:PropertyIsEqualTo>
                  </ogc:Or>
                </ogc:Or>
              </ogc:Not>
            </ogc:And>
          </ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">#111111</se:SvgParameter>
              <se:SvgParameter name="fill-opacity">0.8</se:SvgParameter>
            </se:Fill>
            <se:Stroke>
              <se:SvgParameter name="stroke">#333333</se:SvgParameter>
              <se:SvgParameter name="stroke-width">1</se:SvgParameter>
            </se:Stroke>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>class-6</se:Name>
          <se:Description>
            <se:Title>Інше</se:Title>
          </se:Description>
          <se:ElseFilter />
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">#eeeeee</se:SvgParameter>
              <se:SvgParameter name="fill-opacity">0.8</se:SvgParameter>
            </se:Fill>
            <se:Stroke>
              <se:SvgParameter name="stroke">#333333</se:SvgParameter>
              <se:SvgParameter name="stroke-width">1</se:SvgParameter>
            </se:Stroke>
          </se:PolygonSymbolizer>
        </se:Rule>
      </se:FeatureTypeStyle>
    </sld:UserStyle>
  </sld:NamedLayer>
</sld:StyledLayerDescriptor>

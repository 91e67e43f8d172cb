<?xml version="1.0" encoding="UTF-8"?>
<sld:StyledLayerDescriptor xmlns:ogc="http://www.opengis.net/ogc" xmlns:se="http://www.opengis.net/se" xmlns:sld="http://www.opengis.net/sld" version="1.1.0">
  <sld:NamedLayer>
    <se:Name>demo.sized</se:Name>
    <sld:UserStyle>
      <se:Name>demo.sized</se:Name>
      <se:Description>
        <se:Title>Шар &lt;1&gt;</se:Title>
      </se:Description>
      <se:FeatureTypeStyle>
        <se:Rule>
          <se:Name>class-0</se:Name>
          <se:Description>
            <se:Title>Шар &lt;1&gt;</se:Title>
          </se:Description>
          <se:PointSymbolizer>
            <se:Graphic>
              <se:Mark>
                <se:WellKnownName>circle</se:WellKnownName>
                <se:Fill>
                  <se:SvgParameter name="fill">#0072b2</se:SvgParameter>
                </se:Fill>
                <se:Stroke>
                  <se:SvgParameter name="stroke">#ffffff</se:SvgParameter>
                  <se:SvgParameter name="stroke-width">1</se:SvgParameter>
                </se:Stroke>
              </se:Mark>
              <se:Size>
                <se:Interpolate fallbackValue="6" mode="linear">
                  <se:LookupValue>
                    <ogc:PropertyName>area_ha</ogc:PropertyName>
                  </se:LookupValue>
                  <se:InterpolationPoint>
                    <se:Data>0</se:Data>
                    <se:Value>6</se:Value>
                  </se:InterpolationPoint>
                  <se:InterpolationPoint>
                    <se:Data>6.25</se:Data>
                    <se:Value>10.5</se:Value>
                  </se:InterpolationPoint>
                  <se:InterpolationPoint>
                    <se:Data>25</se:Data>
                    <se:Value>15</se:Value>
                  </se:InterpolationPoint>
                  <se:InterpolationPoint>
                    <se:Data>56.25</se:Data>
                    <se:Value>19.5</se:Value>
                  </se:InterpolationPoint>
                  <se:InterpolationPoint>
                    <se:Data>100</se:Data>
                    <se:Value>24</se:Value>
                  </se:InterpolationPoint>
                </se:Interpolate>
              </se:Size>
            </se:Graphic>
          </se:PointSymbolizer>
        </se:Rule>
      </se:FeatureTypeStyle>
    </sld:UserStyle>
  </sld:NamedLayer>
</sld:StyledLayerDescriptor>
